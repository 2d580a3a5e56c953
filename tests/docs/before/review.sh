keyway serve --demo --demo-days 0
keyway user create ops@example.com > /dev/null
TOKEN=$(keyway app create "Order sync" --scopes crm.objects.contacts.read --json | jq -r .token.value)
command curl -s -o /dev/null http://127.0.0.1:8484/crm/v3/objects/contacts/101 -H "Authorization: Bearer $TOKEN"
