mkdir -p services/orders
echo "fetch('https://api.hubapi.com/crm/v3/objects/contacts', { headers: { Authorization: 'Bearer ' + process.env.TOKEN } });" > services/orders/sync.js
mkdir exports && echo 'https://api.hubapi.com/crm/v3/objects/deals' > exports/list.txt
git init -q -b main && git add . && git -c user.name=A -c user.email=a@example.com commit -qm Add && git update-ref refs/remotes/origin/main main
