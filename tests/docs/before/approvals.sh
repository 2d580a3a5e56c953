keyway serve --demo --demo-days 0
TOKEN=$(keyway app create crm-agent --scopes crm.objects.contacts.read,crm.objects.contacts.write --json | jq -r .token.value)
