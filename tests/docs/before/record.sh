hubspot
keyway serve
cat > nightly-sync.sh <<'SYNC'
#!/bin/sh
for body in '{"properties":{"email":"ada@acme.test"}}' '{"properties":{"email":"ben@acme.test"}}'; do
  curl -s -o /dev/null "$HUBSPOT_BASE_URL/crm/v3/objects/contacts" -H "Authorization: Bearer $HUBSPOT_SERVICE_KEY" -H "Content-Type: application/json" -d "$body"
done
SYNC
chmod +x nightly-sync.sh
export KEYWAY_URL=http://127.0.0.1:8484
