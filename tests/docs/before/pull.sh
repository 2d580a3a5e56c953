hubspot
keyway serve
keyway account create Production --connect --credential-env HUBSPOT_SERVICE_KEY
mkdir tests
printf '#!/bin/sh\n%s\n' 'test -n "$HUBSPOT_ACCESS_TOKEN"' > "$HOME/bin/pytest" && chmod +x "$HOME/bin/pytest"
export KEYWAY_URL=http://127.0.0.1:8484
