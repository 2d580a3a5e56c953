keyway serve --demo --demo-days 0
keyway app create "Order sync" --scopes crm.objects.contacts.read
echo https://hooks.slack.com/services/sample > slack-url.txt
echo sample > smtp-password.txt
