import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import graph from '@microsoft/microsoft-graph-client';
import { appToken, control, fault, graphClient, mailbox, thrown, user } from './sandbox.mjs';

let client;
before(async () => {
  const token = await appToken();
  client = graphClient(async () => token);
});

const ann = [{ emailAddress: { name: 'Ann', address: 'ann@customer.example' } }];
const sent = async (subject) => (await control('GET', '/control/sent')).filter((m) => m.subject === subject);
const mimeOf = (id) => client.api(`${user}/messages/${id}/$value`).responseType(graph.ResponseType.TEXT).get();

/** An RFC 5322 message, as base64: how Graph takes MIME. */
const mime = (subject, fields = []) =>
  Buffer.from(
    [
      `From: ${mailbox}`, 'To: Ann <ann@customer.example>', `Subject: ${subject}`, `Message-ID: <${subject.replaceAll(' ', '.')}@desk.example>`,
      'Date: Sun, 22 Nov 2026 10:00:00 +0000', 'MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit', ...fields, '', 'Grüße', '',
    ].join('\r\n'),
  ).toString('base64');

test('a draft in JSON is made, changed, given a file, and sent', async () => {
  const draft = await client.api(`${user}/messages`).post({
    subject: 'A draft',
    body: { contentType: 'HTML', content: '<p>Hello</p>' },
    toRecipients: ann,
    internetMessageHeaders: [{ name: 'x-exdesk', value: 'yes' }],
  });
  assert.equal(draft.isDraft, true);
  assert.equal(draft.hasAttachments, false);
  assert.deepEqual(draft.toRecipients, ann);
  const at = `${user}/messages/${draft.id}`;
  const changed = await client.api(at).patch({ subject: 'A better draft', ccRecipients: ann.map(() => ({ emailAddress: { address: 'bob@customer.example' } })) });
  assert.equal(changed.subject, 'A better draft');
  assert.equal(changed.ccRecipients[0].emailAddress.address, 'bob@customer.example');

  const file = Buffer.from('%PDF-1');
  const a = await client.api(`${at}/attachments`).post({
    '@odata.type': '#microsoft.graph.fileAttachment', name: 'Größe.pdf', contentType: 'application/pdf', contentBytes: file.toString('base64'),
  });
  assert.equal(a['@odata.type'], '#microsoft.graph.fileAttachment');
  assert.equal(a.name, 'Größe.pdf');
  assert.ok(a.size >= file.length);
  assert.equal((await client.api(at).get()).hasAttachments, true);

  const accepted = await client.api(`${at}/send`).responseType(graph.ResponseType.RAW).post(undefined);
  assert.equal(accepted.status, 202);
  assert.equal(await accepted.text(), '');
  const [copy] = await sent('A better draft');
  assert.equal(copy.id, draft.id, 'the immutable id stays');
  const text = await mimeOf(copy.id);
  assert.match(text, /^x-exdesk: yes\r?$/im);
  assert.match(text, /^Cc: .*bob@customer\.example/im);
  assert.equal((await thrown(() => client.api(`${at}/send`).post(undefined))).statusCode, 404, 'it is no draft any more');
});

test('a draft in MIME is made and sent', async () => {
  const draft = await client.api(`${user}/messages`).header('Content-Type', 'text/plain').post(mime('A draft in MIME', ['References: <first@customer.example>']));
  assert.equal(draft.isDraft, true);
  assert.equal(draft.subject, 'A draft in MIME');
  assert.equal(draft.internetMessageId, '<A.draft.in.MIME@desk.example>');
  assert.match(draft.body.content, /Grüße/);
  await client.api(`${user}/messages/${draft.id}/send`).post(undefined);
  assert.equal((await sent('A draft in MIME')).length, 1);
  assert.match(await mimeOf(draft.id), /^References: <first@customer\.example>\r?$/m);

  const bad = await thrown(() => client.api(`${user}/messages`).header('Content-Type', 'text/plain').post('no base64!'));
  assert.equal(bad.statusCode, 400);
  assert.equal(bad.code, 'ErrorMimeContentInvalidBase64String');
});

test('sendMail takes JSON and MIME', async () => {
  const message = { subject: 'At once', body: { contentType: 'Text', content: 'Hello' }, toRecipients: ann };
  await client.api(`${user}/sendMail`).post({ message });
  assert.equal((await sent('At once')).length, 1);
  await client.api(`${user}/sendMail`).post({ message: { ...message, subject: 'Without a copy' }, saveToSentItems: false });
  assert.equal((await sent('Without a copy')).length, 0);
  await client.api(`${user}/sendMail`).header('Content-Type', 'text/plain').post(mime('At once in MIME'));
  assert.equal((await sent('At once in MIME')).length, 1);
  await client.api(`${user}/sendMail`).post({
    message: {
      ...message, subject: 'With a file',
      attachments: [{ '@odata.type': '#microsoft.graph.fileAttachment', name: 'a.txt', contentType: 'text/plain', contentBytes: 'SGk=' }],
    },
  });
  const [copy] = await sent('With a file');
  assert.deepEqual((await client.api(`${user}/messages/${copy.id}/attachments`).get()).value.map((a) => [a.name, a.contentBytes]), [['a.txt', 'SGk=']]);

  const nobody = await thrown(() => client.api(`${user}/sendMail`).post({ message: { ...message, toRecipients: [] } }));
  assert.equal(nobody.statusCode, 400);
  assert.equal(nobody.code, 'ErrorInvalidRecipients');
  const wrong = await thrown(() => client.api(`${user}/sendMail`).post({ message: { ...message, nonsense: true } }));
  assert.equal(wrong.statusCode, 400);
});

test('mail to oneself arrives', async () => {
  await client.api(`${user}/sendMail`).post({
    message: { subject: 'To myself', body: { contentType: 'Text', content: 'Hello' }, toRecipients: [{ emailAddress: { address: mailbox } }] },
  });
  const inbox = await client.api(`${user}/mailFolders/inbox/messages`).filter("subject eq 'To myself'").get();
  assert.equal(inbox.value.length, 1);
  assert.equal(inbox.value[0].isRead, false);
  assert.equal(inbox.value[0].from.emailAddress.address, mailbox);
});

/** A draft, and a task that gives it a large file. */
async function largeFile(size, options = {}) {
  const draft = await client.api(`${user}/messages`).post({ subject: `Large ${crypto.randomUUID()}`, toRecipients: ann });
  const content = Buffer.alloc(size, 'exdesk ');
  const session = await graph.LargeFileUploadTask.createUploadSession(client, `${user}/messages/${draft.id}/attachments/createUploadSession`, {
    AttachmentItem: { attachmentType: 'file', name: 'film.bin', size, contentType: 'application/octet-stream' },
  });
  assert.ok(session.expiry > new Date(), String(session.expiry));
  assert.notEqual(new URL(session.url).hostname, new URL(process.env.EXDESK_GRAPH_URL).hostname, 'the sandbox wants -uploads localhost');
  const task = new graph.LargeFileUploadTask(client, new graph.FileUpload(content, 'film.bin', size), session, { rangeSize: 1 << 20, ...options });
  return { draft, content, task };
}

/** Asserts that the file is with the draft, octet for octet, and sends it. */
async function arrived({ draft, content }) {
  const { value } = await client.api(`${user}/messages/${draft.id}/attachments`).select('id,name,contentType').get();
  assert.deepEqual(value.map((a) => [a.name, a.contentType]), [['film.bin', 'application/octet-stream']]);
  const got = await client.api(`${user}/messages/${draft.id}/attachments/${value[0].id}/$value`).responseType(graph.ResponseType.ARRAYBUFFER).get();
  assert.equal(Buffer.from(got).equals(content), true);
  await client.api(`${user}/messages/${draft.id}/send`).post(undefined);
  assert.equal((await sent(draft.subject)).length, 1);
}

test('a large file is uploaded in slices, with progress', async () => {
  const ranges = [];
  const work = await largeFile(3_500_000, {
    uploadEventHandlers: { progress: (range, extra) => ranges.push([range.minValue, range.maxValue, extra]), extraCallbackParam: 'film' },
  });
  const result = await work.task.upload();
  assert.deepEqual(ranges, [[0, 1048575, 'film'], [1048576, 2097151, 'film'], [2097152, 3145727, 'film'], [3145728, 3499999, 'film']]);
  assert.match(result.location, /\/Attachments\('/);
  await arrived(work);
});

test('an upload that was interrupted goes on where it was', async (t) => {
  t.after(() => fault());
  const ranges = [];
  const work = await largeFile(4_200_000, { uploadEventHandlers: { progress: (range) => ranges.push(range.minValue) } });
  await fault({ server: 'graph', method: 'PUT', path: '/api/gv1.0/**', skip: 1, drop: true });
  await thrown(() => work.task.upload());
  await fault({ server: 'graph', method: 'PUT', path: '/api/gv1.0/**', skip: 1, status: 503 });
  const busy = await thrown(() => work.task.upload());
  assert.equal(busy.error.code, 'ErrorServerBusy', 'the task throws the answer as it is');
  await work.task.upload();
  assert.deepEqual(ranges, [0, 1 << 20, 2 << 20, 3 << 20, 4 << 20]);
  await arrived(work);
});

test('an upload whose answer was lost cannot go on, and is cancelled', async (t) => {
  t.after(() => fault());
  const work = await largeFile(3_200_000);
  await fault({ server: 'graph', method: 'PUT', path: '/api/gv1.0/**', commit: true, drop: true });
  await thrown(() => work.task.upload());
  const overlap = await thrown(() => work.task.upload());
  assert.equal(overlap.error.code, 'badRequest');
  assert.equal(overlap.error.innerError.code, 'invalidRange');
  // How far it is cannot be asked: Outlook's pages know no GET of an upload URL.
  assert.equal((await thrown(() => work.task.resume())).statusCode, 405);
  assert.equal((await work.task.cancel()).status, 204);
  assert.equal(work.task.uploadSession.isCancelled, true);
  assert.deepEqual((await client.api(`${user}/messages/${work.draft.id}/attachments`).get()).value, []);
});

test('a file that is too small for a session is refused', async () => {
  const small = await thrown(() => largeFile(100_000));
  assert.equal(small.statusCode, 400);
  assert.equal(small.code, 'ErrorAttachmentSizeShouldNotBeLessThanMinimumSize');
});
