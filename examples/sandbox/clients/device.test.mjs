import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as msal from '@azure/msal-node';
import { auth, control, graphClient, mailbox, thrown } from './sandbox.mjs';

// A public client has no secret: the sandbox wants -public-client for it.
const skip = process.env.EXDESK_CLIENT_SECRET ? 'the sandbox runs without -public-client' : false;

test('a device signs in, and a person types its code', { skip }, async () => {
  const app = new msal.PublicClientApplication({ auth: auth() });
  const shown = [];
  const token = await app.acquireTokenByDeviceCode({
    scopes: ['Mail.Read', 'User.Read'],
    deviceCodeCallback(answer) {
      shown.push(answer);
      control('POST', '/control/signin', { code: answer.userCode }).catch((err) => shown.push(err));
    },
  });
  assert.equal(shown.length, 1, String(shown[1]));
  assert.equal(shown[0].expiresIn, 900);
  assert.match(shown[0].message, new RegExp(shown[0].userCode));
  assert.equal(token.account.username, mailbox);
  assert.deepEqual(token.scopes.filter((s) => s === 'Mail.Read'), ['Mail.Read']);
  const client = graphClient(async () => token.accessToken);
  assert.equal((await client.api('/me').get()).mail, mailbox);
  assert.deepEqual((await client.api('/me/mailFolders/inbox/messages').get()).value, []);

  const [account] = await app.getTokenCache().getAllAccounts();
  const silent = await app.acquireTokenSilent({ account, scopes: ['Mail.Read'], forceRefresh: true });
  assert.notEqual(silent.accessToken, token.accessToken);
  const denied = await thrown(() => client.api('/me/messages').post({ subject: 'A draft' }));
  assert.equal(denied.statusCode, 403);
  assert.equal(denied.code, 'ErrorAccessDenied');
});
