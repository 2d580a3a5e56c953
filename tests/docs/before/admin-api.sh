keyway serve --demo
keyway app create "Order sync" --scopes crm.objects.contacts.read
