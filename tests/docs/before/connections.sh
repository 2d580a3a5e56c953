hubspot
keyway serve
mkdir -p /run/secrets
echo "$HUBSPOT_SERVICE_KEY" | tee service-key new-service-key > /run/secrets/hubspot
python3 -c 'import uuid; print(uuid.uuid4())' > its-key
