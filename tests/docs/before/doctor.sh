keyway serve --demo --demo-days 0
echo '{"status":"error","message":"This app has not been granted all required scopes to make this call.","category":"MISSING_SCOPES"}' > failed.txt
echo '{"log":{"version":"1.2","entries":[{"request":{"method":"GET","url":"https://api.hubapi.com/crm/v3/objects/contacts","headers":[]},"response":{"status":401,"headers":[],"content":{"text":"{\"status\":\"error\",\"category\":\"INVALID_AUTHENTICATION\"}"}}}]}}' > session.har
printf '#!/bin/sh\n%s\n' 'cat failed.txt' > "$HOME/bin/pbpaste" && chmod +x "$HOME/bin/pbpaste"
TOKEN=$(keyway app create Reader --scopes crm.objects.contacts.read --json | jq -r .token.value)
CORRELATION_ID=$(command curl -s http://127.0.0.1:8484/crm/v3/objects/deals -H "Authorization: Bearer $TOKEN" | jq -r .correlationId)
