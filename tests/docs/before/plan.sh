mkdir -p services/orders
echo "fetch('https://api.hubapi.com/crm/v3/objects/contacts', { headers: { Authorization: 'Bearer ' + process.env.TOKEN } });" > services/orders/sync.js
keyway serve --demo --demo-days 0
