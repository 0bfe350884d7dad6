package graphtest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

// uploads is the pattern of upload URLs.
const uploads = "/api/gv1.0/users/*/messages/*/AttachmentSessions/*"

func (b *bench) fault(f graphtest.Fault) {
	b.Helper()
	require.NoError(b, b.fake.Fault(f))
}

// lost sends a fragment whose answer does not come, or not all of it.
func (b *bench) lost(target string, chunk []byte, span string) {
	b.Helper()
	_, err := b.try("PUT", target, string(chunk), "Authorization", "", "Content-Type", "application/octet-stream", "Content-Range", span)
	require.Error(b, err)
}

func TestUploadFaults(t *testing.T) {
	b := setup(t, &graphtest.Options{UploadStatus: true})
	id := b.draft(`{}`)
	file := make([]byte, 3_000_000)
	target := b.session(id, len(file), "").json["uploadUrl"].(string)
	next := func() any { return b.bare("GET", target, nil).json["NextExpectedRanges"].([]any)[0] }

	// Refused: nothing was taken, and the same fragment is the next.
	b.fault(graphtest.Fault{Method: "PUT", Path: uploads, Status: 503, RetryAfter: "3"})
	r := b.put(target, file[:1_000_000], "bytes 0-999999/3000000")
	b.refused(r, 503, "ErrorServerBusy")
	require.Equal(t, "3", r.header.Get("Retry-After"))
	require.Equal(t, "0", next())
	b.fault(graphtest.Fault{Method: "PUT", Path: uploads, Drop: true})
	b.lost(target, file[:1_000_000], "bytes 0-999999/3000000")
	require.Equal(t, "0", next())

	// Taken, and the answer is lost, cut, or another's.
	b.fault(graphtest.Fault{Method: "PUT", Path: uploads, Commit: true, Drop: true})
	b.lost(target, file[:1_000_000], "bytes 0-999999/3000000")
	require.Equal(t, "1000000", next())
	r = b.put(target, file[:1_000_000], "bytes 0-999999/3000000")
	b.refused(r, 400, "badRequest")
	require.Contains(t, r.text, "Uploaded fragment overlaps with existing data.")
	b.fault(graphtest.Fault{Method: "PUT", Path: uploads, Cut: 10})
	b.lost(target, file[:500_000], "bytes 1000000-1499999/3000000")
	require.Equal(t, "1500000", next())
	b.fault(graphtest.Fault{Method: "PUT", Path: uploads, Commit: true, Status: 504})
	r = b.put(target, file[:500_000], "bytes 1500000-1999999/3000000")
	b.refused(r, 504, "UnknownError")
	require.Equal(t, "2000000", next())

	// The answer to the last fragment: the session is gone, the file is there.
	require.Empty(t, b.get(b.message(id)+"/attachments").value())
	b.fault(graphtest.Fault{Method: "PUT", Path: uploads, Commit: true, Drop: true})
	b.lost(target, file[2_000_000:], "bytes 2000000-2999999/3000000")
	b.refused(b.put(target, file[2_000_000:], "bytes 2000000-2999999/3000000"), 404, "ErrorItemNotFound")
	require.Len(t, b.get(b.message(id)+"/attachments").value(), 1)
	require.Empty(t, b.fake.Violations())
	require.Empty(t, b.fake.Unknown())
}

func TestUploadRepeat(t *testing.T) {
	b := setup(t, &graphtest.Options{UploadRepeat: true})
	id := b.draft(`{}`)
	file := make([]byte, 3_000_000)
	for i := range file {
		file[i] = byte(i >> 10)
	}
	target := b.session(id, len(file), "").json["uploadUrl"].(string)
	require.Equal(t, 200, b.put(target, file[:1_000_000], "bytes 0-999999/3000000").status)
	b.fault(graphtest.Fault{Method: "PUT", Path: uploads, Commit: true, Drop: true})
	b.lost(target, file[1_000_000:2_000_000], "bytes 1000000-1999999/3000000")
	for span, chunk := range map[string][]byte{
		"bytes 1000000-1999999/3000000": file[1_000_000:2_000_000],
		"bytes 0-999999/3000000":        file[:1_000_000],
	} {
		r := b.put(target, chunk, span)
		require.Equal(t, 200, r.status, r.text)
		require.Equal(t, []any{"2000000"}, r.json["NextExpectedRanges"])
	}
	// What is no repetition overlaps all the same.
	for span, chunk := range map[string][]byte{
		"bytes 1000000-1999999/3000000": file[:1_000_000],
		"bytes 1500000-2499999/3000000": file[1_500_000:2_500_000],
	} {
		r := b.put(target, chunk, span)
		b.refused(r, 400, "badRequest")
		require.Contains(t, r.text, "overlaps")
	}
	r := b.put(target, file[2_000_000:], "bytes 2000000-2999999/3000000")
	require.Equal(t, 201, r.status, r.text)
	b.refused(b.put(target, file[2_000_000:], "bytes 2000000-2999999/3000000"), 404, "ErrorItemNotFound")
	list := b.get(b.message(id) + "/attachments").value()
	require.Len(t, list, 1)
	require.Equal(t, string(file), b.get(b.attachment(id, list[0]["id"].(string))+"/$value").text)
}

// A session that ends in the middle leaves nothing; another starts anew.
func TestUploadExpires(t *testing.T) {
	b := setup(t, &graphtest.Options{UploadLife: 10 * time.Minute, UploadRepeat: true})
	id := b.draft(`{}`)
	file := make([]byte, 3_000_000)
	target := b.session(id, len(file), "").json["uploadUrl"].(string)
	require.Equal(t, 200, b.put(target, file[:2_000_000], "bytes 0-1999999/3000000").status)
	b.fake.Advance(10 * time.Minute)
	b.refused(b.put(target, file[:2_000_000], "bytes 0-1999999/3000000"), 401, "InvalidAuthenticationToken")
	b.refused(b.put(target, file[2_000_000:], "bytes 2000000-2999999/3000000"), 401, "InvalidAuthenticationToken")
	require.Empty(t, b.get(b.message(id)+"/attachments").value())

	target = b.session(id, len(file), "").json["uploadUrl"].(string)
	r := b.put(target, file[2_000_000:], "bytes 2000000-2999999/3000000")
	b.refused(r, 400, "badRequest")
	require.Contains(t, r.text, "not contiguous")
	require.Equal(t, 201, b.put(target, file, "bytes 0-2999999/3000000").status)
	require.Len(t, b.get(b.message(id)+"/attachments").value(), 1)
}
