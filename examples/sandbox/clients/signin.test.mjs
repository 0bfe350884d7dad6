import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as msal from '@azure/msal-node';
import { appToken, auth, control, env, fault, graphClient, mailbox, thrown } from './sandbox.mjs';

const scopes = ['https://graph.microsoft.com/.default'];

test('an application signs in with its secret', async () => {
  const app = new msal.ConfidentialClientApplication({ auth: { ...auth(), clientSecret: env('EXDESK_CLIENT_SECRET') } });
  const first = await app.acquireTokenByClientCredential({ scopes });
  assert.equal(first.tokenType, 'Bearer');
  assert.equal(first.fromCache, false);
  assert.ok(first.expiresOn > new Date(Date.now() + 3500_000), String(first.expiresOn));
  assert.equal(first.account, null);
  const second = await app.acquireTokenByClientCredential({ scopes });
  assert.equal(second.fromCache, true);
  assert.equal(second.accessToken, first.accessToken);
  const who = await graphClient(async () => first.accessToken).api(`/users/${mailbox}`).get();
  assert.equal(who.mail ?? who.userPrincipalName, mailbox);
});

test('what Entra refuses is told with its number', async () => {
  const refused = (secret, more) =>
    thrown(() =>
      new msal.ConfidentialClientApplication({ auth: { ...auth(), clientSecret: secret, ...more } }).acquireTokenByClientCredential({ scopes }),
    );
  const wrong = await refused('wrong');
  assert.ok(wrong instanceof msal.ServerError, wrong);
  assert.equal(wrong.errorCode, 'invalid_client');
  assert.match(wrong.errorMessage, /^7000215|AADSTS7000215/);
  assert.equal(Number(wrong.errorNo), 7000215);
  assert.equal((await refused(env('EXDESK_CLIENT_SECRET'), { clientId: crypto.randomUUID() })).errorCode, 'unauthorized_client');
  const app = new msal.ConfidentialClientApplication({ auth: { ...auth(), clientSecret: env('EXDESK_CLIENT_SECRET') } });
  const scope = await thrown(() => app.acquireTokenByClientCredential({ scopes: ['https://graph.microsoft.com/Mail.Read'] }));
  assert.equal(scope.errorCode, 'invalid_scope');
});

test('a person signs in by code and PKCE, and stays signed in', async () => {
  const app = new msal.ConfidentialClientApplication({ auth: { ...auth(), clientSecret: env('EXDESK_CLIENT_SECRET') } });
  const { verifier, challenge } = await new msal.CryptoProvider().generatePkceCodes();
  const redirectUri = 'http://localhost:7777/back';
  const ask = { scopes: ['Mail.ReadWrite', 'User.Read'], redirectUri };
  const url = await app.getAuthCodeUrl({ ...ask, codeChallenge: challenge, codeChallengeMethod: 'S256', state: 'a state', responseMode: 'query' });
  assert.ok(url.startsWith(`${env('EXDESK_LOGIN_URL')}/${env('EXDESK_TENANT')}/oauth2/v2.0/authorize?`), url);

  const back = new URL(await browse(url));
  assert.equal(back.origin + back.pathname, redirectUri);
  assert.equal(back.searchParams.get('state'), 'a state');
  const token = await app.acquireTokenByCode({ ...ask, code: back.searchParams.get('code'), codeVerifier: verifier });
  assert.equal(token.account.username, mailbox);
  assert.equal(token.account.environment, new URL(env('EXDESK_LOGIN_URL')).host);
  assert.equal(token.account.homeAccountId, `${token.idTokenClaims.oid}.${token.idTokenClaims.tid}`);
  assert.equal(token.tenantId, token.idTokenClaims.tid);
  assert.deepEqual(token.scopes.filter((s) => s.startsWith('Mail')), ['Mail.ReadWrite']);

  const me = await graphClient(async () => token.accessToken).api('/me').select('mail,userPrincipalName').get();
  assert.equal(me.mail, mailbox);

  const [account] = await app.getTokenCache().getAllAccounts();
  assert.equal(account.homeAccountId, token.account.homeAccountId);
  const silent = await app.acquireTokenSilent({ account, scopes: ask.scopes });
  assert.equal(silent.fromCache, true);
  const fresh = await app.acquireTokenSilent({ account, scopes: ask.scopes, forceRefresh: true });
  assert.equal(fresh.fromCache, false);
  assert.notEqual(fresh.accessToken, token.accessToken);

  await control('POST', '/control/revoke');
  const over = await thrown(() => app.acquireTokenSilent({ account, scopes: ask.scopes, forceRefresh: true }));
  assert.ok(over instanceof msal.ServerError, over);
  assert.equal(over.errorCode, 'invalid_grant');
  assert.match(over.message, /AADSTS50173/);
  const late = await thrown(() => graphClient(async () => fresh.accessToken).api('/me').get());
  assert.equal(late.statusCode, 401);
});

test('a busy token endpoint says so', async (t) => {
  t.after(() => fault());
  await fault({ server: 'graph', method: 'POST', path: '/*/oauth2/v2.0/token', status: 503 });
  const busy = await thrown(appToken);
  assert.equal(busy.errorCode, 'temporarily_unavailable');
  assert.equal(Number(busy.errorNo), 90033);
  assert.ok(await appToken());
});

/** Does in the pages what a person would, and returns where the browser is sent back to. */
async function browse(url) {
  const cookies = new Map();
  let form;
  for (let i = 0; i < 10; i++) {
    const resp = await fetch(url, {
      redirect: 'manual',
      headers: { Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form && { method: 'POST', body: form }),
    });
    for (const line of resp.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      cookies.set(name, value);
    }
    const to = resp.headers.get('location');
    const page = await resp.text();
    if (to?.startsWith('http://localhost:')) {
      return to;
    }
    assert.equal(resp.status, 200, page);
    const hidden = /<input type="hidden" name="([^"]+)" value="([^"]*)"/.exec(page);
    const button = page.includes('name="answer" value="accept"') ? ['answer', 'accept'] : ['user', mailbox];
    form = new URLSearchParams([[hidden[1], hidden[2]], button]);
    url = new URL(/action="([^"]+)"/.exec(page)[1], url).href;
  }
  throw new Error('the pages do not end');
}
