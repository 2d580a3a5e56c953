keyway serve --demo --demo-days 0
keyway app create "Order sync" --scopes crm.objects.contacts.read
