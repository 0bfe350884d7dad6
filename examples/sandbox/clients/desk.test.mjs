import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { control, desk, env, fault, thrown } from './sandbox.mjs';

const client = desk();
const inbox = async (id) => (await control('GET', '/control/tickets')).find((t) => t.id === id);
const ticket = (fields = {}) => ({ ticket: { subject: 'Help', comment: { body: 'Please.' }, ...fields } });
const requester = (name) => ({ name, email: `${name.toLowerCase()}@customer.example` });

test('a ticket is created, shown and found again', async () => {
  const externalId = `mail:${crypto.randomUUID()}`;
  const { response, result: made } = await client.tickets.create(
    ticket({ external_id: externalId, requester: requester('Ann'), tags: ['mail'], priority: 'high', email_ccs: [{ user_email: 'bob@customer.example', action: 'put' }] }),
  );
  assert.equal(response.status, 201);
  assert.equal(response.headers.get('location'), made.url);
  assert.equal(made.external_id, externalId);
  assert.equal(made.status, 'new');
  assert.equal(made.description, 'Please.');
  assert.deepEqual(made.tags, ['mail']);
  assert.equal(made.via.channel, 'api');
  assert.equal(made.email_cc_ids.length, 1);

  const { result: shown } = await client.tickets.show(made.id);
  assert.deepEqual({ ...shown, generated_timestamp: 0 }, { ...made, generated_timestamp: 0 });
  const found = await client.tickets.listWithFilter('external_id', externalId);
  assert.deepEqual(found.map((t) => t.id), [made.id]);
  assert.deepEqual(await client.tickets.listWithFilter('external_id', 'mail:nobody'), []);
  const { result: many } = await client.tickets.showMany([made.id, 999_999]);
  assert.deepEqual(many.map((t) => t.id), [made.id]);

  const { result: ann } = await client.users.show(made.requester_id);
  assert.equal(ann.email, 'ann@customer.example');
  assert.equal(ann.role, 'end-user');
  assert.deepEqual((await client.tickets.listByUserRequested(ann.id)).map((t) => t.id), [made.id]);
  const [bob] = made.email_cc_ids;
  assert.deepEqual((await client.tickets.listByUserCCD(bob)).map((t) => t.id), [made.id]);
  const seen = await inbox(made.id);
  assert.equal(seen.requester.email, 'ann@customer.example');
  assert.deepEqual(seen.email_ccs, ['bob@customer.example']);
});

test('an idempotency key makes one ticket of two requests', async () => {
  const once = desk({ customHeaders: { 'Idempotency-Key': crypto.randomUUID() } });
  const first = await once.tickets.create(ticket());
  const second = await once.tickets.create(ticket());
  assert.equal(first.response.headers.get('x-idempotency-lookup'), 'miss');
  assert.equal(second.response.headers.get('x-idempotency-lookup'), 'hit');
  assert.equal(second.result.id, first.result.id);
  const other = await thrown(() => once.tickets.create(ticket({ subject: 'Other' })));
  assert.equal(other.statusCode, 400);
  assert.equal(other.result.error, 'IdempotentRequestError');
});

test('tickets are listed page by page, by cursor and by offset', async () => {
  const ids = [];
  for (let i = 0; i < 105; i++) {
    ids.push((await client.tickets.create(ticket({ subject: `Page ${i}`, requester: requester('Pages') }))).result.id);
  }
  const all = await client.tickets.list(); // by cursor, 100 at a time
  assert.deepEqual(all.filter((t) => t.subject.startsWith('Page ')).map((t) => t.id), ids);
  assert.equal(new Set(all.map((t) => t.id)).size, all.length);

  // What node-zendesk lists by offsets it follows by next_page.
  const { requester_id: who } = all.find((t) => t.id === ids[0]);
  assert.deepEqual((await client.tickets.listByUserRequested(who)).map((t) => t.id).sort((a, b) => a - b), ids);

  // Page by page, as the client passes it on.
  const { tickets } = client;
  let body; // as it came
  tickets.on('debug::result', ({ detail }) => (body = detail));
  const list = (query) => tickets.get(['users', who, 'tickets', 'requested', query]);
  const { result: page, response } = await list({ page: { size: 2 }, sort: '-id' });
  assert.equal(response.status, 200);
  assert.deepEqual(page.map((t) => t.id), ids.slice(-2).reverse());
  assert.equal(body.meta.has_more, true);
  await list({ page: { size: 100, after: body.meta.after_cursor }, sort: '-id' });
  assert.deepEqual(body.tickets.map((t) => t.id), ids.slice(3, -2).reverse());
  await list({ page: { size: 100, after: body.meta.after_cursor }, sort: '-id' });
  assert.deepEqual(body.tickets.map((t) => t.id), ids.slice(0, 3).reverse());
  assert.equal(body.meta.has_more, false);
  const { result: third } = await list({ page: 3, per_page: 2, sort_order: 'desc', sort_by: 'created_at' });
  assert.deepEqual(third.map((t) => t.id), ids.slice(-6, -4).reverse());
  const wrong = await thrown(() => list({ page: { size: 101 } }));
  assert.equal(wrong.statusCode, 400);
  assert.equal(wrong.result.errors[0].code, 'InvalidPaginationParameter');
});

test('a ticket is updated, unless somebody else was faster', async () => {
  const { result: made } = await client.tickets.create(ticket());
  const { result: updated } = await client.tickets.update(made.id, { ticket: { status: 'open', tags: ['one'], safe_update: true, updated_stamp: made.updated_at } });
  assert.equal(updated.status, 'open');
  assert.deepEqual(updated.tags, ['one']);
  await control('POST', '/control/clock', { advance: '2s' });
  await client.tickets.update(made.id, { ticket: { status: 'pending' } });
  const late = await thrown(() => client.tickets.update(made.id, { ticket: { status: 'solved', safe_update: true, updated_stamp: made.updated_at } }));
  assert.equal(late.statusCode, 409);
  assert.equal(late.result.error, 'UpdateConflict');
  assert.equal((await inbox(made.id)).status, 'pending');
});

test('comments are public or private, and audited', async () => {
  const { result: made } = await client.tickets.create(ticket({ requester: requester('Ann') }));
  await client.tickets.update(made.id, { ticket: { comment: { html_body: '<p>For <b>you</b></p>', public: true } } });
  const { response, result } = await client.tickets.update(made.id, {
    ticket: { comment: { body: 'For us', public: false }, metadata: { mail: 'a digest' } },
  });
  assert.equal(response.status, 200);
  assert.equal(result.is_public, true);
  const comments = await client.tickets.getComments(made.id);
  assert.deepEqual(comments.map((c) => [c.public, c.plain_body.trim()]), [[true, 'Please.'], [true, 'For you'], [false, 'For us']]);
  assert.match(comments[1].html_body, /<b>you<\/b>/);
  assert.equal(comments[0].author_id, made.requester_id);

  const audits = await client.tickets.exportAudit(made.id);
  assert.equal(audits.length, 3);
  assert.deepEqual(audits[2].metadata.custom, { mail: 'a digest' });
  const said = audits.flatMap((a) => a.events).filter((e) => e.type === 'Comment');
  assert.deepEqual(said.map((e) => e.id), comments.map((c) => c.id));
  assert.deepEqual(comments.map((c) => c.audit_id), audits.map((a) => a.id));
  assert.deepEqual((await inbox(made.id)).comments.map((c) => c.public), [true, true, false]);
});

test('a file is uploaded and attached', async () => {
  const { upload } = await client.attachments.upload(Readable.from([Buffer.from('a,b\r\n')]), { filename: 'tab le.csv', binary: true });
  assert.ok(upload.token);
  assert.equal(upload.attachment.file_name, 'tab le.csv');
  assert.equal(upload.attachment.content_type, 'text/csv');
  assert.equal(upload.attachment.size, 5);
  const more = await client.attachments.upload(Readable.from([Buffer.from('%PDF-1')]), { filename: 'b.pdf', binary: true, token: upload.token });
  assert.equal(more.upload.token, upload.token);
  assert.equal(more.upload.attachments.length, 2);

  const { result: made } = await client.tickets.create(ticket({ comment: { body: 'Attached.', uploads: [upload.token] } }));
  const [comment] = await client.tickets.getComments(made.id);
  assert.deepEqual(comment.attachments.map((a) => [a.file_name, a.size, a.inline]), [['tab le.csv', 5, false], ['b.pdf', 6, false]]);
  const { result: shown } = await client.attachments.show(comment.attachments[1].id);
  assert.deepEqual(shown.attachment, comment.attachments[1]);
  const content = await fetch(comment.attachments[1].content_url);
  assert.equal(await content.text(), '%PDF-1');
  assert.deepEqual((await inbox(made.id)).comments[0].uploads.map((u) => [u.file_name, u.content_type, u.size]), [['tab le.csv', 'text/csv', 5], ['b.pdf', 'application/pdf', 6]]);

  const used = await thrown(() => client.tickets.create(ticket({ comment: { body: 'Again.', uploads: [upload.token] } })));
  assert.equal(used.statusCode, 422);
  const { upload: unused } = await client.attachments.upload(Readable.from([Buffer.from('x')]), { filename: 'c.txt', binary: true });
  await client.attachments.deleteUpload(unused.token);
  const gone = await thrown(() => client.attachments.deleteUpload(unused.token));
  assert.equal(gone.statusCode, 404);
  assert.equal((await thrown(() => client.attachments.show(1))).statusCode, 404);
});

test('people are found', async () => {
  const { result: me } = await client.users.me();
  assert.equal(me.role, 'admin');
  const { result: made } = await client.tickets.create(ticket({ requester: { name: 'Zoë Ångström', email: 'Zoe@customer.example' } }));
  const found = await client.users.search({ query: 'email:zoe@customer.example' });
  assert.deepEqual(found.map((u) => [u.id, u.name]), [[made.requester_id, 'Zoë Ångström']]);
  const { result: many } = await client.users.showMany([me.id, made.requester_id]);
  assert.deepEqual(many.map((u) => u.id).sort((a, b) => a - b), [me.id, made.requester_id].sort((a, b) => a - b));
  const identities = await client.useridentities.list(made.requester_id);
  assert.deepEqual(identities.map((i) => [i.type, i.value.toLowerCase(), i.primary]), [['email', 'zoe@customer.example', true]]);
  const everyone = await client.users.list();
  assert.ok([me.id, made.requester_id].every((id) => everyone.some((u) => u.id === id)));
  assert.equal((await thrown(() => client.users.show(1))).statusCode, 404);
});

test('what is wrong with a ticket is told field by field', async () => {
  const err = await thrown(() => client.tickets.create({ ticket: { subject: 'No comment' } }));
  assert.equal(err.statusCode, 422);
  assert.equal(err.result.error, 'RecordInvalid');
  assert.ok(Object.values(err.result.details).flat().every((d) => d.description && d.error), JSON.stringify(err.result));
  const address = await thrown(() => client.tickets.create(ticket({ requester: { name: 'X', email: 'no address' } })));
  assert.equal(address.statusCode, 422);
  const { result: made } = await client.tickets.create(ticket());
  await client.tickets.update(made.id, { ticket: { status: 'closed' } });
  const closed = await thrown(() => client.tickets.update(made.id, { ticket: { comment: { body: 'Too late' } } }));
  assert.equal(closed.statusCode, 422);
  assert.match(closed.result.details.status[0].description, /closed prevents ticket update/);
  assert.equal((await thrown(() => client.tickets.show(999_999))).result.error, 'RecordNotFound');
  const plain = await thrown(() => desk({ throwOriginalException: false }).tickets.create({ ticket: { subject: 'No comment' } }));
  assert.match(plain.message, /422/);
  const { result: dead } = await client.tickets.create(ticket());
  await client.tickets.delete(dead.id);
  assert.equal((await thrown(() => client.tickets.show(dead.id))).statusCode, 404);
});

test('tickets are merged', async () => {
  const ids = [];
  for (const subject of ['First', 'Second']) {
    ids.push((await client.tickets.create(ticket({ subject, requester: requester('Merged') }))).result.id);
  }
  const { response } = await client.tickets.merge(ids[0], { ids: [ids[1]], target_comment: 'Merged here', source_comment: 'Merged there' });
  assert.equal(response.status, 200);
  assert.equal((await client.tickets.show(ids[1])).result.status, 'closed');
});

// node-zendesk does not wait by itself: a 429 is no exception, but an Error for a result.
test('429 says how long to wait', async (t) => {
  t.after(() => fault());
  await fault({ server: 'zendesk', method: 'GET', path: '/api/v2/tickets/**', status: 429, retryAfter: '2' });
  const { response, result } = await client.tickets.show(1);
  assert.equal(response.status, 429);
  assert.equal(response.headers.get('retry-after'), '2');
  assert.ok(result instanceof Error);
  assert.equal(result.statusCode, 429);
  await new Promise((done) => setTimeout(done, 2000));
  assert.equal((await client.tickets.show(1)).result.id, 1);

  // The account's own limit says so as well, and what is left before.
  const { response: good } = await client.tickets.show(1);
  assert.ok(Number(good.headers.get('ratelimit-remaining')) < Number(good.headers.get('ratelimit-limit')));
});

test('a token that is no good is refused', async () => {
  const err = await thrown(() => desk({ token: 'nonsense' }).tickets.list());
  assert.equal(err.statusCode, 401);
  assert.equal(err.result.error, "Couldn't authenticate you");
});

test('a token comes from the OAuth client', async () => {
  const resp = await fetch(`${env('EXDESK_ZENDESK_URL')}/oauth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      grant_type: 'client_credentials', client_id: env('EXDESK_ZENDESK_CLIENT_ID'), client_secret: env('EXDESK_ZENDESK_CLIENT_SECRET'), scope: 'read',
    }),
  });
  assert.equal(resp.status, 201);
  const reader = desk({ token: (await resp.json()).access_token });
  assert.equal((await reader.tickets.show(1)).result.id, 1);
  const denied = await thrown(() => reader.tickets.create(ticket()));
  assert.equal(denied.statusCode, 403);
  assert.equal(denied.result.error.title, 'Forbidden');
});
