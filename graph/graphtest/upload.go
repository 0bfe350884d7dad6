package graphtest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// upload is an upload session. Server.mu guards it.
type upload struct {
	id, token string
	item      *item
	message   string // the id of the message as the client knows it
	name      string
	kind      string
	contentID string
	inline    bool
	size      int64
	got       []byte
	expires   time.Time
	base      string // of its URL, and of what it names
}

// maxUpload is the largest file that can be attached. ("Attach large files to
// Outlook messages or events".)
const maxUpload = 150 << 20

// createUpload answers "attachment: createUploadSession".
func (c *call) createUpload(folderKey, id string) *refusal {
	if no := c.parseQuery(); no != nil {
		return no
	}
	if no := c.need("Mail.ReadWrite"); no != nil {
		return no
	}
	if c.delegate() != nil && !c.s.opts.SharedUploads {
		return denied() // "Known issues": large files in a shared or delegated mailbox
	}
	body, no := c.readBody()
	if no != nil {
		return no
	}
	u, no := c.readUpload(body)
	if no != nil {
		return no
	}
	if no := c.openUpload(u, folderKey, id); no != nil {
		return no
	}
	c.write(http.StatusCreated, object{
		{"@odata.context", c.base() + "/$metadata#microsoft.graph.uploadSession"},
		{"uploadUrl", u.path() + "?authtoken=" + u.token},
		{"expirationDateTime", u.expiry()},
		{"nextExpectedRanges", []string{"0-"}},
	})
	return nil
}

func (c *call) readUpload(body map[string]json.RawMessage) (*upload, *refusal) {
	u := &upload{size: -1}
	var inner map[string]json.RawMessage
	for name, raw := range body {
		if !is(name, "AttachmentItem") || json.Unmarshal(raw, &inner) != nil {
			return nil, unknownProperty(name, "createUploadSession")
		}
	}
	kind := ""
	for name, raw := range inner {
		target := map[string]any{"attachmentType": &kind, "name": &u.name, "size": &u.size, "contentType": &u.kind,
			"isInline": &u.inline, "contentId": &u.contentID}[name]
		switch {
		case strings.Contains(name, "@odata."):
		case target == nil:
			return nil, unknownProperty(name, "attachmentItem")
		case json.Unmarshal(raw, target) != nil:
			return nil, badRequest("Cannot convert the value of property '" + name + "' to its type.")
		}
	}
	switch {
	case is(kind, "item"), is(kind, "reference"):
		// As microsoft-graph-docs-contrib issue 710 was answered.
		return nil, &refusal{status: http.StatusMethodNotAllowed, code: "ErrorAttachmentSessionIsSupportedOnlyForFileAttachments",
			message: "Unsupported Attachment type specified. Only File attachments can be uploaded using an Upload Session."}
	case !is(kind, "file") || u.name == "" || u.size < 0:
		return nil, badRequest("AttachmentItem needs an attachmentType, a name and a size.")
	case u.size < c.s.opts.MinUpload:
		return nil, &refusal{status: http.StatusBadRequest, code: "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize",
			message: texts["ErrorAttachmentSizeShouldNotBeLessThanMinimumSize"]}
	case u.size > maxUpload:
		// The limit is documented, and no code for it: this is the one that
		// Exchange Web Services have.
		return nil, &refusal{status: http.StatusBadRequest, code: "ErrorAttachmentSizeLimitExceeded",
			message: texts["ErrorAttachmentSizeLimitExceeded"]}
	}
	return u, nil
}

func (c *call) openUpload(u *upload, folderKey, id string) *refusal {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	it, no := c.locateDraft(folderKey, id)
	if no != nil {
		return no
	}
	u.item, u.message, u.id, u.token = it, c.id(it), s.dice.folderID(), "eyJ"+s.dice.text(180)
	u.expires = s.Now().Add(s.opts.UploadLife)
	u.base = s.opts.UploadBase
	if u.base == "" {
		u.base = strings.TrimSuffix(c.base(), "/"+version)
	}
	u.base += "/" + uploadRoot + "/users('" + c.mailbox.guid + "@" + tenantID(s.opts.Tenant) + "')/messages('" + url.PathEscape(u.message) + "')"
	s.uploads[u.id] = u
	return nil
}

// uploadRoot is where upload sessions are, of a service that is not Graph and
// has a host of its own.
const uploadRoot = "api/gv1.0"

func (u *upload) path() string { return u.base + "/AttachmentSessions('" + url.PathEscape(u.id) + "')" }

// expiry is written as all samples have it: with seven digits.
func (u *upload) expiry() string { return u.expires.UTC().Format("2006-01-02T15:04:05.0000000Z") }
