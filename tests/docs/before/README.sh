mkdir -p path/to/code
echo "const url = 'https://api.hubapi.com/crm/v3/objects/contacts';" > path/to/code/sync.js
git init -q path/to/code && git -C path/to/code add . && git -C path/to/code -c user.name=A -c user.email=a@example.com commit -qm Add
echo '{"scripts": {"test": "test -n \"$HUBSPOT_ACCESS_TOKEN\""}}' > package.json
