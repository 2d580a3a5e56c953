hubspot
keyway serve
printf '#!/bin/sh\ncurl -s -o /dev/null "$HUBSPOT_BASE_URL/crm/v3/objects/contacts" -H "Authorization: Bearer $HUBSPOT_SERVICE_KEY"\n' > nightly-sync.sh && chmod +x nightly-sync.sh
export KEYWAY_URL=http://127.0.0.1:8484
