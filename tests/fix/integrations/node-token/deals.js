'use strict';
// Lists open deals. The token was put here "for now".
const TOKEN = '{{token}}';
const API = process.env.HUBSPOT_API || 'https://api.hubapi.com';

async function deals(after) {
  const response = await fetch(API + '/crm/v3/objects/deals?limit=5' + (after ? '&after=' + after : ''), {
    headers: { Authorization: 'Bearer ' + TOKEN },
  });
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json()).results;
}

deals().then(
  (found) => console.log(`${found.length} deals`),
  (error) => {
    console.error(error.message);
    process.exit(1);
  },
);
