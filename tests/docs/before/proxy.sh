hubspot
keyway serve
keyway account create Production --connect --credential-env HUBSPOT_SERVICE_KEY
TOKEN=$(keyway app create Script --account 4242 --scopes crm.objects.contacts.read --json | jq -r .token.value)
echo 'import os; assert os.environ["HUBSPOT_TOKEN"]' > export.py
printf '#!/bin/sh\n[ "$1 $2" = "-m certifi" ] && echo certifi.pem || exec python3 "$@"\n' > "$HOME/bin/python" && chmod +x "$HOME/bin/python"
