// What the sandbox's first line said, and the clients that are pointed at it.

import graph from '@microsoft/microsoft-graph-client';
import * as msal from '@azure/msal-node';
import zendesk from 'node-zendesk';

/** Reads a variable that the sandbox's first line sets. */
export function env(name) {
  const value = process.env[name];
  if (!value) {
    throw new Error(`${name} is not set: start examples/sandbox and export what its first line says`);
  }
  return value;
}

export const mailbox = env('EXDESK_MAILBOX');
export const user = `/users/${mailbox}`;

/** Asks the control port, and wants a good answer. */
export async function control(method, path, body) {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const resp = await fetch(env('EXDESK_CONTROL_URL') + path, { method, body: text });
  const answer = await resp.json();
  if (!resp.ok) {
    throw new Error(`${method} ${path}: ${answer.error}`);
  }
  return answer;
}

/** Lets the next requests that match fail; without any it clears the script. */
export const fault = (script = {}) => control('POST', '/control/faults', script);

/** Delivers a mail, and returns its id. */
export async function deliver(fields, body = 'Hello.') {
  const all = { From: 'Ann <ann@customer.example>', To: mailbox, 'Message-ID': `<${crypto.randomUUID()}@customer.example>`, ...fields };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return (await control('POST', '/control/mail', `${head.join('')}\r\n${body}\r\n`)).id;
}

/** Delivers a mail with a file. */
export const deliverFile = (fields, name, type, content) =>
  deliver(
    { 'MIME-Version': '1.0', 'Content-Type': 'multipart/mixed; boundary=xx', ...fields },
    [
      '--xx', 'Content-Type: text/plain; charset=utf-8', '', 'It is attached.',
      '--xx', `Content-Type: ${type}; name="${name}"`, `Content-Disposition: attachment; filename="${name}"`,
      'Content-Transfer-Encoding: base64', '', content.toString('base64'), '--xx--',
    ].join('\r\n'),
  );

/** How MSAL is told of a tenant that is not Microsoft's. */
export const auth = () => ({
  clientId: env('EXDESK_CLIENT_ID'),
  authority: `${env('EXDESK_LOGIN_URL')}/${env('EXDESK_TENANT')}`,
  knownAuthorities: [new URL(env('EXDESK_LOGIN_URL')).host],
});

/** The application signs in with its secret. */
export async function appToken() {
  const app = new msal.ConfidentialClientApplication({ auth: { ...auth(), clientSecret: env('EXDESK_CLIENT_SECRET') } });
  const answer = await app.acquireTokenByClientCredential({ scopes: ['https://graph.microsoft.com/.default'] });
  return answer.accessToken;
}

/** What makes Graph use ids that stay, and that need no escaping in a path. */
export const immutable = 'IdType="ImmutableId"';

/** Microsoft's client, with its own chain of middleware. */
export function graphClient(token) {
  const base = new URL(env('EXDESK_GRAPH_URL'));
  return graph.Client.init({
    baseUrl: base.origin + '/',
    customHosts: new Set([base.hostname]),
    fetchOptions: { headers: { Prefer: immutable } },
    authProvider: (done) => token().then((text) => done(null, text), (err) => done(err, null)),
  });
}

/** What somebody is thrown who calls f; nothing thrown is an error. */
export async function thrown(f) {
  let value;
  try {
    value = await f();
  } catch (err) {
    return err;
  }
  throw new Error(`nothing was thrown, but returned: ${JSON.stringify(value)}`);
}

/** A Zendesk client; options are node-zendesk's. */
export const desk = (options = {}) =>
  zendesk.createClient({
    endpointUri: `${env('EXDESK_ZENDESK_URL')}/api/v2`,
    token: env('EXDESK_ZENDESK_TOKEN'),
    oauth: true,
    throwOriginalException: true,
    ...options,
  });
