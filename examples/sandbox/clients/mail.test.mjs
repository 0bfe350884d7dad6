import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import graph from '@microsoft/microsoft-graph-client';
import { appToken, control, deliver, deliverFile, env, fault, graphClient, immutable, thrown, user } from './sandbox.mjs';

let client;
before(async () => {
  const token = await appToken();
  client = graphClient(async () => token);
});

async function text(stream) {
  const list = [];
  for await (const chunk of stream) {
    list.push(chunk);
  }
  return Buffer.concat(list).toString();
}

const inbox = `${user}/mailFolders/inbox/messages`;
const property = 'String {00020329-0000-0000-c000-000000000046} Name exdesk';

test('unread mail is listed page by page', async () => {
  for (let i = 0; i < 25; i++) {
    await deliver({ Subject: `Page ${String(i).padStart(2, '0')}` });
  }
  const read = await deliver({ Subject: 'Read' });
  await client.api(`${user}/messages/${read}`).patch({ isRead: true });

  const first = await client
    .api(inbox)
    .filter("receivedDateTime ge 2000-01-01T00:00:00Z and isRead eq false")
    .orderby('receivedDateTime')
    .select('id,subject,isRead,receivedDateTime,categories,internetMessageId,hasAttachments,from')
    .expand(`singleValueExtendedProperties($filter=id eq '${property}')`)
    .top(10)
    .count(true)
    .get();
  assert.equal(first['@odata.count'], 25);
  assert.equal(first.value.length, 10);
  assert.ok(first['@odata.nextLink'].startsWith(env('EXDESK_GRAPH_URL')), first['@odata.nextLink']);

  const seen = [];
  const pages = new graph.PageIterator(client, first, (mail) => seen.push(mail));
  await pages.iterate();
  assert.equal(pages.isComplete(), true);
  assert.deepEqual(seen.map((m) => m.subject), Array.from({ length: 25 }, (_, i) => `Page ${String(i).padStart(2, '0')}`));
  assert.equal(new Set(seen.map((m) => m.id)).size, 25);
  for (const m of seen) {
    assert.equal(m.isRead, false);
    assert.deepEqual(m.categories, []);
    assert.deepEqual(m.from, { emailAddress: { name: 'Ann', address: 'ann@customer.example' } });
    assert.ok(!Number.isNaN(Date.parse(m.receivedDateTime)));
    assert.match(m.internetMessageId, /^<.+@customer\.example>$/);
    assert.equal('body' in m, false, 'it was not selected');
    assert.equal('singleValueExtendedProperties' in m, false, 'there is none');
  }

  // Whoever stops in between goes on from there.
  const some = [];
  const halting = new graph.PageIterator(client, first, (mail) => some.push(mail) < 12);
  await halting.iterate();
  assert.equal(some.length, 12);
  assert.equal(halting.isComplete(), false);
  await halting.resume();
  assert.deepEqual(some.map((m) => m.subject), seen.slice(0, some.length).map((m) => m.subject));
  while (!halting.isComplete()) {
    await halting.resume();
  }
  assert.equal(some.length, 25);
});

test('a filter and an order that do not agree are refused', async () => {
  const err = await thrown(() => client.api(inbox).filter('isRead eq false').orderby('receivedDateTime desc').get());
  assert.ok(err instanceof graph.GraphError);
  assert.equal(err.statusCode, 400);
  assert.equal(err.code, 'InefficientFilter');
});

test('a message is read, with its MIME and its files', async () => {
  const file = Buffer.from('a,b\r\n1,2\r\n');
  const id = await deliverFile({ Subject: 'Your =?utf-8?q?f=C3=BCnf?= files', Cc: 'Bob <bob@customer.example>' }, 'table.csv', 'text/csv', file);
  const message = `${user}/messages/${id}`;

  const m = await client.api(message).header('Prefer', `outlook.body-content-type="text", ${immutable}`).get();
  assert.equal(m.id, id);
  assert.equal(m.subject, 'Your fünf files');
  assert.equal(m.body.contentType, 'text');
  assert.match(m.body.content, /It is attached\./);
  assert.equal(m.hasAttachments, true);
  assert.equal(m.isDraft, false);
  assert.equal(m.importance, 'normal');
  assert.deepEqual(m.flag, { flagStatus: 'notFlagged' });
  assert.deepEqual(m.ccRecipients, [{ emailAddress: { name: 'Bob', address: 'bob@customer.example' } }]);
  assert.equal(m['@odata.etag'], `W/"${m.changeKey}"`);

  const headers = await client.api(message).select('internetMessageHeaders').get();
  assert.ok(headers.internetMessageHeaders.some((h) => h.name === 'Cc' && h.value.includes('bob@customer.example')));

  const mime = await text(await client.api(`${message}/$value`).getStream());
  assert.match(mime, /^Message-ID: <.+@customer\.example>\r?$/im);
  assert.match(mime, /filename="?table\.csv"?/);
  const again = await client.api(`${message}/$value`).responseType(graph.ResponseType.TEXT).get();
  assert.match(again, /^Content-Type: multipart\/mixed/im);

  const list = await client.api(`${message}/attachments`).get();
  assert.equal(list.value.length, 1);
  const [a] = list.value;
  assert.equal(a['@odata.type'], '#microsoft.graph.fileAttachment');
  assert.equal(a.name, 'table.csv');
  assert.equal(a.contentType, 'text/csv');
  assert.equal(a.isInline, false);
  assert.equal(Buffer.from(a.contentBytes, 'base64').equals(file), true);
  const light = await client.api(`${message}/attachments`).select('id,name,size').get();
  assert.deepEqual(Object.keys(light.value[0]).filter((k) => !k.includes('@')).sort(), ['id', 'name', 'size']);
  const one = await client.api(`${message}/attachments/${a.id}`).get();
  assert.equal(one.contentBytes, a.contentBytes);
  assert.equal(await text(await client.api(`${message}/attachments/${a.id}/$value`).getStream()), file.toString());
  const raw = await client.api(`${message}/attachments/${a.id}/$value`).responseType(graph.ResponseType.ARRAYBUFFER).get();
  assert.equal(Buffer.from(raw).equals(file), true);

  const whole = await client.api(message).select('subject').expand('attachments($select=id,name)').get();
  assert.deepEqual(whole.attachments.map((x) => [x.id, x.name]), [[a.id, 'table.csv']]);
});

test('an id that does not stay is escaped in a path', async () => {
  const mutable = { Prefer: '' };
  const stays = await deliver({ Subject: 'Which id?' });
  const { value } = await client.api(inbox).headers(mutable).filter("subject eq 'Which id?'").get();
  const [{ id }] = value;
  assert.notEqual(id, stays);
  assert.match(id, /[/]/, 'some have one: here every one does');
  const at = `${user}/messages/${encodeURIComponent(id)}`;
  assert.equal((await client.api(at).headers(mutable).get()).id, id);
  assert.equal((await client.api(at).get()).id, stays);
  const moved = await client.api(`${at}/move`).headers(mutable).post({ destinationId: 'archive' });
  assert.notEqual(moved.id, id);
  assert.equal((await thrown(() => client.api(at).get())).code, 'ErrorItemNotFound');
  assert.equal((await client.api(`${user}/messages/${stays}`).get()).parentFolderId, moved.parentFolderId);
});

test('a message is changed, unless somebody else was faster', async () => {
  const id = await deliver({ Subject: 'To be labelled' });
  const message = `${user}/messages/${id}`;
  const before = await client.api(message).select('categories,isRead').get();
  const after = await client.api(message).header('If-Match', before['@odata.etag']).patch({
    isRead: true,
    categories: ['Zendesk', 'Größe'],
    flag: { flagStatus: 'flagged' },
    singleValueExtendedProperties: [{ id: property, value: '42' }],
  });
  assert.equal(after.isRead, true);
  assert.deepEqual(after.categories, ['Zendesk', 'Größe']);
  assert.equal(after.flag.flagStatus, 'flagged');
  assert.notEqual(after['@odata.etag'], before['@odata.etag']);

  const err = await thrown(() => client.api(message).header('If-Match', before['@odata.etag']).patch({ categories: [] }));
  assert.equal(err.statusCode, 412);
  assert.equal(err.code, 'ErrorIrresolvableConflict');
  await client.api(message).header('If-Match', after['@odata.etag']).update({ categories: ['Zendesk'] });

  const found = await client
    .api(`${user}/messages`)
    .filter(`singleValueExtendedProperties/any(ep: ep/id eq '${property}' and ep/value eq '42')`)
    .expand(`singleValueExtendedProperties($filter=id eq '${property}')`)
    .get();
  assert.deepEqual(found.value.map((m) => m.id), [id]);
  assert.deepEqual(found.value[0].singleValueExtendedProperties, [{ id: property, value: '42' }]);
  const box = await control('GET', '/control/mailbox');
  assert.deepEqual(box.find((m) => m.id === id).categories, ['Zendesk']);

  await client.api(message).delete();
  assert.equal((await thrown(() => client.api(message).get())).code, 'ErrorItemNotFound');
  assert.equal((await control('GET', '/control/mailbox')).some((m) => m.subject === 'To be labelled'), false);
});

test('folders are made, listed, renamed and left', async () => {
  const made = await client.api(`${user}/mailFolders`).post({ displayName: 'Done by the client' });
  assert.equal(made.displayName, 'Done by the client');
  assert.equal(made.totalItemCount, 0);
  const taken = await thrown(() => client.api(`${user}/mailFolders`).post({ displayName: 'Done by the client' }));
  assert.equal(taken.code, 'ErrorFolderExists');
  const child = await client.api(`${user}/mailFolders/${made.id}/childFolders`).post({ displayName: 'Child' });
  assert.equal(child.parentFolderId, made.id);
  const children = await client.api(`${user}/mailFolders/${made.id}/childFolders`).get();
  assert.deepEqual(children.value.map((f) => f.displayName), ['Child']);
  assert.equal((await client.api(`${user}/mailFolders/inbox`).get()).displayName, 'Inbox');
  const names = [];
  await new graph.PageIterator(client, await client.api(`${user}/mailFolders`).top(5).get(), (f) => names.push(f.displayName)).iterate();
  assert.ok(names.includes('Done by the client') && names.includes('Sent Items'), String(names));
  const renamed = await client.api(`${user}/mailFolders/${made.id}`).patch({ displayName: 'Done' });
  assert.equal(renamed.displayName, 'Done');

  const id = await deliver({ Subject: 'To be moved' });
  const moved = await client.api(`${user}/messages/${id}/move`).post({ destinationId: made.id });
  assert.equal(moved.parentFolderId, made.id);
  const copied = await client.api(`${user}/messages/${moved.id}/copy`).post({ destinationId: 'inbox' });
  assert.notEqual(copied.id, moved.id);
  assert.equal(copied.subject, 'To be moved');
  const there = await client.api(`${user}/mailFolders/${made.id}/messages`).get();
  assert.deepEqual(there.value.map((m) => m.id), [moved.id]);
  assert.equal((await client.api(`${user}/mailFolders/${made.id}`).get()).totalItemCount, 1);
  const copies = (await control('GET', '/control/mailbox')).filter((m) => m.subject === 'To be moved');
  assert.deepEqual(copies.map((m) => m.folder === 'inbox').sort(), [false, true]);
  const lost = await thrown(() => client.api(`${user}/mailFolders/nowhere`).get());
  assert.equal(lost.statusCode, 400);
  assert.equal(lost.code, 'ErrorInvalidIdMalformed');
});

test('a batch is put together and taken apart by the client', async () => {
  const ids = [await deliver({ Subject: 'Batch 1' }), await deliver({ Subject: 'Batch 2' })];
  const at = (path) => `${env('EXDESK_GRAPH_URL')}${path}`;
  const step = (id, request, dependsOn) => ({ id, request, ...(dependsOn && { dependsOn }) });
  const json = { 'Content-Type': 'application/json', Prefer: immutable };
  const batch = new graph.BatchRequestContent([
    step('get', new Request(at(`${user}/messages/${ids[0]}?$select=subject`), { headers: { Prefer: immutable } })),
    step('patch', new Request(at(`${user}/messages/${ids[1]}`), { method: 'PATCH', headers: json, body: JSON.stringify({ categories: ['Zendesk'] }) })),
    step('draft', new Request(at(`${user}/messages`), { method: 'POST', headers: json, body: JSON.stringify({ subject: 'Of a batch' }) })),
    step('mime', new Request(at(`${user}/messages/${ids[0]}/$value`))),
    step('none', new Request(at(`${user}/messages/${ids[0].slice(0, -2)}AA`))),
  ]);
  const answer = new graph.BatchResponseContent(await client.api('/$batch').post(await batch.getContent()));
  const of = (id) => answer.getResponseById(id);
  assert.equal(of('get').status, 200);
  assert.match(of('get').headers.get('content-type'), /^application\/json/);
  assert.equal((await of('get').json()).subject, 'Batch 1');
  assert.equal(of('patch').status, 200);
  assert.deepEqual((await of('patch').json()).categories, ['Zendesk']);
  assert.equal(of('draft').status, 201);
  const draft = await of('draft').json();
  assert.equal(draft.isDraft, true);
  assert.match(Buffer.from(await of('mime').text(), 'base64').toString(), /^Subject: Batch 1\r?$/m);
  assert.equal(of('none').status, 404);
  assert.equal((await of('none').json()).error.code, 'ErrorItemNotFound');
  assert.equal([...answer.getResponsesIterator()].length, 5);
  await client.api(`${user}/messages/${draft.id}`).delete();

  // One after the other: after one that fails nothing is done.
  const serial = new graph.BatchRequestContent([
    step('1', new Request(at(`${user}/messages/${ids[0]}`), { method: 'PATCH', headers: { ...json, 'If-Match': 'W/"no"' }, body: '{"isRead":true}' })),
    step('2', new Request(at(`${user}/messages/${ids[1]}`), { method: 'PATCH', headers: json, body: '{"isRead":true}' })),
  ]);
  serial.addDependency('2', '1');
  const refused = new graph.BatchResponseContent(await client.api('/$batch').post(await serial.getContent()));
  assert.equal(refused.getResponseById('1').status, 412);
  assert.equal(refused.getResponseById('2').status, 424);
  assert.equal((await client.api(`${user}/messages/${ids[1]}`).get()).isRead, false);
});

test('Retry-After is obeyed by the client itself', async (t) => {
  t.after(() => fault());
  await fault({ server: 'graph', method: 'GET', path: '/v1.0/users/*/mailFolders/inbox', status: 429, retryAfter: '2', times: 2 });
  const started = Date.now();
  assert.equal((await client.api(`${user}/mailFolders/inbox`).get()).displayName, 'Inbox');
  assert.ok(Date.now() - started >= 3900, `after ${Date.now() - started} ms`);

  // In a batch it is one request's, and the caller's to obey.
  const id = await deliver({ Subject: 'Throttled' });
  await fault({ server: 'graph', method: 'GET', path: '/v1.0/users/*/messages/*', status: 429, retryAfter: '7' });
  const batch = new graph.BatchRequestContent([{ id: '1', request: new Request(`${env('EXDESK_GRAPH_URL')}${user}/messages/${id}`) }]);
  const one = new graph.BatchResponseContent(await client.api('/$batch').post(await batch.getContent())).getResponseById('1');
  assert.equal(one.status, 429);
  assert.equal(one.headers.get('retry-after'), '7');
  assert.equal((await one.json()).error.code, 'TooManyRequests');
  const { graph: notes } = await control('GET', '/control/notes');
  assert.deepEqual(notes.violations.filter((v) => v.includes('Retry-After')), []);
});

test('errors say what went wrong, and under which name', async (t) => {
  t.after(() => fault());
  const err = await thrown(() => client.api(`${user}/messages/AAMkNothing`).get());
  assert.ok(err instanceof graph.GraphError);
  assert.equal(err.statusCode, 400);
  assert.equal(err.code, 'ErrorInvalidIdMalformed');
  assert.equal(err.message, 'Id is malformed.');
  assert.match(err.requestId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.equal(err.headers.get('request-id'), err.requestId);
  assert.ok(Math.abs(err.date - Date.now()) < 60_000 + Math.abs(new Date().getTimezoneOffset()) * 60_000, String(err.date));
  assert.equal(JSON.parse(err.body).code, err.code);

  const mine = crypto.randomUUID();
  const named = await thrown(() => client.api(`${user}/messages/AAMkNothing`).header('client-request-id', mine).get());
  assert.equal(JSON.parse(named.body).innerError['client-request-id'], mine);
  assert.equal(named.headers.get('client-request-id'), mine);

  const nobody = await thrown(() => client.api('/users/nobody@elsewhere.example/messages').get());
  assert.equal(nobody.statusCode, 404);
  assert.equal(nobody.code, 'ErrorInvalidUser');
  assert.equal((await thrown(() => client.api('/me').get())).statusCode, 400, 'an application is nobody');

  // What stands before Graph answers without a word of JSON.
  await fault({ server: 'graph', method: 'GET', path: '/v1.0/users/*/messages', status: 502, body: '<html>Bad gateway</html>' });
  const gateway = await thrown(() => client.api(`${user}/messages`).get());
  assert.equal(gateway.statusCode, 502);
});

test('a token that is no good is refused', async () => {
  const wrong = await thrown(() => graphClient(async () => 'nonsense').api(`${user}/messages`).get());
  assert.equal(wrong.statusCode, 401);
  assert.equal(wrong.code, 'InvalidAuthenticationToken');
  const late = await thrown(async () => {
    const token = await appToken();
    await control('POST', '/control/revoke');
    return graphClient(async () => token).api(`${user}/messages`).get();
  });
  assert.equal(late.statusCode, 401);
  assert.equal(late.code, 'InvalidAuthenticationToken');
  assert.match(late.message, /expired/);
  assert.match(late.headers.get('www-authenticate'), /^Bearer/);
});
