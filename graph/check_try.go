package graph

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

const (
	onWriting = "writing"
	onSending = "sending"
	onLarge   = "large files"
)

// trying asks Graph to change, to send and to add a large file to a message that
// does not exist. Who may do it is told that it is not there (404), and who may
// not, that (403). Nothing else proves anything. That permissions are looked at
// first is not documented: Probe proves more. If there were such a message, an
// annotation alone would change nothing of it.
func (k *checking) trying(ctx context.Context, real string) {
	id := invented(real)
	if id == "" {
		k.add(onWriting, exdesk.Unknown, "the mailbox's ids have a form that is not known, so that writing and sending were not tried", "")
		return
	}
	writes := k.try(ctx, onWriting, "mail can be changed", "mail cannot be changed", k.grant("Mail.ReadWrite"), &rest.Request{Op: "try to change", Method: http.MethodPatch,
		Path: k.path("messages", id), Header: immutable(), JSON: map[string]any{"@odata.type": "#microsoft.graph.message"}})
	if !k.setup.Relays {
		return
	}
	sends := k.try(ctx, onSending, "mail can be sent, as far as permissions tell", "mail cannot be sent", k.grant("Mail.Send"), &rest.Request{Op: "try to send", Method: http.MethodPost,
		Path: k.path("messages", id, "send"), Header: immutable(), Data: []byte{}, Type: "application/json", Once: true, Apart: true})
	if sends && k.shared {
		k.add(onSending, exdesk.Note, "whether the account has Send As for the shared mailbox shows when a mail is sent. Send on Behalf does as well, and then recipients see the account's name",
			"call Connector.Probe once, which sends one mail from the mailbox to itself. What is sent lies in the Sent Items of the shared mailbox")
	}
	if writes {
		k.largeFiles(ctx, id)
	}
}

// largeFiles tries an upload session. Those have been refused to who signed in to
// the mailbox of others ("Known issues"; people report that it works since 2020,
// microsoft-graph-docs-contrib issue 4188), and the clouds of the government of
// the United States have none by their metadata.
func (k *checking) largeFiles(ctx context.Context, id string) {
	item := map[string]any{"attachmentType": "file", "name": "x", "size": 4_000_000}
	do := "keep to files of less than 3 MB"
	if k.shared {
		do += "; or sign in as the mailbox's own account, or use an application's permissions"
	}
	err := k.rejected(ctx, &rest.Request{Op: "try a large file", Method: http.MethodPost, Path: k.path("messages", id, "attachments", "createUploadSession"),
		Header: immutable(), JSON: map[string]any{"AttachmentItem": item}})
	switch status, code := answered(err); {
	case isMissing(err):
		k.add(onLarge, exdesk.Good, "files of 3 MB and more can be sent", "")
	case status == http.StatusForbidden, code == "resourcenotfound", code == "badrequest":
		k.add(onLarge, exdesk.Warning, "Exchange takes no files of 3 MB or more for this mailbox: mail with such files cannot be sent", do)
	default:
		k.trouble(onLarge, "whether files of 3 MB and more can be sent could not be tried", err)
	}
}

// try adds what came of a request that is about no message, and reports whether
// it is allowed.
func (k *checking) try(ctx context.Context, subject, can, cannot, do string, req *rest.Request) bool {
	err := k.rejected(ctx, req)
	switch status, _ := answered(err); {
	case isMissing(err):
		k.add(subject, exdesk.Good, can, "")
		return true
	case status == http.StatusForbidden:
		k.add(subject, exdesk.Failure, cannot+": the permission is missing", do)
	default:
		k.trouble(subject, "it could not be found out whether "+can, err)
	}
	return false
}

// rejected sends a request that cannot succeed.
func (k *checking) rejected(ctx context.Context, req *rest.Request) error {
	resp, err := k.rest.Do(ctx, req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	return explain(&rest.Failure{Op: req.Op, Status: resp.StatusCode, Wait: -1, Err: errors.New("it was answered as if the message existed")})
}

// isMissing reports whether the service looked for the message, and so lets it be
// used. That an id is malformed (400) may be said before permissions are looked
// at.
func isMissing(err error) bool {
	status, code := answered(err)
	return status == http.StatusNotFound && code == "erroritemnotfound"
}

// invented makes of a message's id one that no message has, or "". An id holds a
// message's entry id, which ends with the GUID of the database that numbers it,
// the number, and two octets ([MS-OXCDATA] 2.2.4.2), and an octet more. Another
// number could be that of another message; there is no other such database. Ids
// are not documented: whatever their parts are, twenty digits of it are others.
func invented(id string) string {
	digits := strings.TrimRight(id, "=")
	octets := len(digits) * 6 / 8
	if octets < 46 { // as many as an entry id has at least
		return ""
	}
	b := []byte(id)
	for i := (8*(octets-25) + 5) / 6; 6*(i+1) <= 8*(octets-9); i++ {
		b[i] = otherDigit(b[i])
	}
	return string(b)
}

// otherDigit is another digit of the alphabet that ids are written in.
func otherDigit(c byte) byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	// '+' and '/' of older ids are at -1.
	return alphabet[(strings.IndexByte(alphabet, c)+29)%len(alphabet)]
}
