printf '#!/bin/sh\n%s\n' 'test -n "$HUBSPOT_ACCESS_TOKEN"' > "$HOME/bin/go" && chmod +x "$HOME/bin/go"
printf '#!/bin/sh\n%s\n' 'test -n "$HUBSPOT_ACCESS_TOKEN"' > "$HOME/bin/bundle" && chmod +x "$HOME/bin/bundle"
printf '#!/bin/sh\n%s\n' 'test -n "$HUBSPOT_ACCESS_TOKEN"' > "$HOME/bin/pytest" && chmod +x "$HOME/bin/pytest"
printf '#!/bin/sh\n%s\n' 'test -n "$HUBSPOT_ACCESS_TOKEN"' > "$HOME/bin/python" && chmod +x "$HOME/bin/python"
printf '#!/bin/sh\n%s\n' 'python3 -c "import uuid; print(uuid.uuid4())"' > "$HOME/bin/uuidgen" && chmod +x "$HOME/bin/uuidgen"
echo 'records: { contacts: [{ properties: { email: sam@example.com } }] }' > records.yaml
printf 'email\nkim@example.com\n' > people.csv
printf 'name\nAcme\n' > firms.csv
