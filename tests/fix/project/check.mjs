// The projects that `keyway plan --project` writes, read by HubSpot's own parser. The schemas that
// HubSpot checks an upload with are on its servers; everything that the parser knows without them is
// checked here: places and names of files, types, uids, the platform version.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { translate } from '@hubspot/project-parsing-lib/translate';

const keyway = process.env.KEYWAY_BIN;

test('HubSpot reads the projects of a plan', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyway-project-'));
  try {
    for (const [name, text] of [
      ['hooks', 'fetch(`https://api.hubapi.com/webhooks/v3/${id}/subscriptions?hapikey=${key}`); fetch("https://api.hubapi.com/crm/v3/objects/contacts")'],
      ['install', 'fetch("https://api.hubapi.com/oauth/v1/token", { method: "POST" });\nfetch("https://api.hubapi.com/crm/v3/objects/deals")'],
    ]) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'index.js'), text);
    }
    const made = spawnSync(keyway, ['plan', '.', '--json', '--project', 'hubspot'], { cwd: folder, encoding: 'utf8' });
    assert.equal(made.status, 1, made.stderr);
    for (const [name, type, scopes] of [
      ['hooks', 'static', ['crm.objects.contacts.read', 'private-apps-read']],
      ['install', 'oauth', ['oauth', 'crm.objects.deals.read']],
    ]) {
      const root = join(folder, 'hubspot', name);
      const project = JSON.parse(readFileSync(join(root, 'hsproject.json'), 'utf8'));
      const context = { projectSourceDir: join(root, project.srcDir), platformVersion: project.platformVersion, accountId: 1 };
      const { intermediateRepresentation, skippedHsMetaFiles } = await translate(context, { skipValidation: true });
      assert.deepEqual(skippedHsMetaFiles, []);
      const nodes = Object.values(intermediateRepresentation.intermediateNodesIndexedByUid);
      assert.equal(nodes.length, 1);
      assert.equal(nodes[0].componentType, 'APPLICATION');
      assert.equal(nodes[0].uid, name);
      assert.equal(nodes[0].config.auth.type, type);
      assert.deepEqual(nodes[0].config.auth.requiredScopes, scopes);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a project in the wrong place is refused, so that the parser does read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyway-project-'));
  try {
    await assert.rejects(translate({ projectSourceDir: folder, platformVersion: '2026.03', accountId: 1 }, { skipValidation: true }));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
