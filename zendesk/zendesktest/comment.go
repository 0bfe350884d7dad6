package zendesktest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Comment is one contribution to a ticket.
type Comment struct {
	ID     int64
	Author User
	// HTML is the text as the service stores it, inside its own div.
	HTML string
	// Body is the text without markup.
	Body   string
	Public bool
	// Cut tells that the text was longer than 64 kB, and silently cut.
	Cut         bool
	Attachments []Attachment
	// Metadata is audit.metadata.custom of the request that brought it.
	Metadata  map[string]any
	CreatedAt time.Time
}

type comment struct {
	Comment
	author *user
	files  []*file
	audit  *audit
}

func (m *comment) snapshot() Comment {
	v := m.Comment
	v.Author, v.Metadata = m.author.snapshot(), plainCopy(m.audit.custom)
	for _, f := range m.files {
		v.Attachments = append(v.Attachments, f.Attachment)
	}
	return v
}

// said is the comment of a request.
// https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_comments/
type said struct {
	body, html string
	public     *bool
	author     int64
	uploads    []string
	at         *time.Time // imports only
}

func readComment(p *params) *said {
	m := &said{body: p.text("body"), html: p.text("html_body"), public: p.flag("public"), author: p.id("author_id"), uploads: p.texts("uploads")}
	if p.has("plain_body") {
		p.mark("plain_body") // read-only, and dropped without a word
	}
	p.close()
	return m
}

func (m *said) blank() bool {
	if m.html != "" {
		return strings.TrimSpace(plainText(m.html)) == "" && !strings.Contains(strings.ToLower(m.html), "<img")
	}
	return strings.TrimSpace(m.body) == ""
}

func (s *Server) checkComment(f *fields, t *ticket, d details) {
	m := f.comment
	if m.author != 0 {
		f.ofSaid = s.users[m.author]
		if f.ofSaid == nil {
			d.add("author", "Author: is invalid", "InvalidValue")
		} else if t != nil && s.opt.RefuseStrangers && !f.ofSaid.staff() && f.ofSaid != t.requester && !slices.Contains(t.ccs, f.ofSaid) {
			d.add("author", "Author: may not comment on this ticket", "InvalidValue")
		}
	}
	for _, token := range m.uploads {
		switch u := s.uploads[token]; {
		case s.usable(u):
			if !slices.Contains(f.files, u) {
				f.files = append(f.files, u)
			}
		case !s.opt.IgnoreUploads:
			d.add("base", "Attachment: token is invalid or has expired", "InvalidValue")
		}
	}
}

// checkSpeaker finds who may not say what he would be made to say.
func (s *Server) checkSpeaker(c *call, f *fields, t *ticket, d details) {
	author, public := f.ofSaid, true
	switch {
	case t == nil:
		_, author = s.parties(c.token.user, f)
	case author == nil:
		author = c.token.user
	}
	if t != nil {
		public = t.comments[0].Public
		if t.requester.Suspended && f.ofRequester == nil && s.opt.RefuseSuspendedTickets {
			d.add("requester", "Requester: "+t.requester.Name+" is suspended.", "UserSuspended")
		}
	}
	if f.comment.public != nil {
		public = *f.comment.public
	}
	if author == nil { // he is yet to be made
		return
	}
	if author.Suspended && s.opt.RefuseSuspendedAuthors {
		d.add("author", "Author: "+author.Name+" is suspended.", "UserSuspended")
	}
	if author.Light && public && s.opt.LightAgents == LightRefused {
		d.add("base", "Comment: light agents may not comment in public", "InvalidValue")
	}
}

// addComment adds what f says. It takes the uploads: a token serves once.
func (s *Server) addComment(t *ticket, au *audit, f *fields, author *user, public bool) *comment {
	m := &comment{author: author, audit: au}
	m.ID, m.CreatedAt, m.Public = s.nextID(), s.second(), public
	if f.comment.public != nil {
		// QUIRK: there is no fixed default. What the first comment was, later
		// ones are that do not say.
		m.Public = *f.comment.public
	}
	if author.Light && s.opt.LightAgents == LightPrivate {
		m.Public = false
	}
	m.compose(s, t, f.comment)
	for _, u := range f.files {
		u.used = true
		for _, file := range u.files {
			file.Inline = s.opt.InlineImages && strings.Contains(m.HTML, "/attachments/token/"+file.key)
			m.files = append(m.files, file)
		}
	}
	t.comments = append(t.comments, m)
	au.events = append(au.events, event{kind: "Comment", comment: m})
	return m
}

// compose turns what was sent into what is stored.
func (m *comment) compose(s *Server, t *ticket, in *said) {
	text, isHTML := in.body, in.html != ""
	if isHTML {
		text = in.html
	}
	text, m.Cut = cut(text)
	if m.author.staff() {
		text = s.expand(t, m.author, text)
	}
	if !isHTML {
		text = markup(text)
	}
	m.HTML = `<div class="zd-comment" dir="auto">` + direct(text) + `</div>`
	m.Body = plainText(m.HTML)
}

func (s *Server) commentJSON(c *call, m *comment, inline bool) object {
	files := []object{}
	for _, f := range m.files {
		if inline || !f.Inline {
			files = append(files, s.attachment(c, f))
		}
	}
	return object{
		"id": m.ID, "type": "Comment", "author_id": m.author.ID, "body": m.Body, "html_body": m.HTML, "plain_body": m.Body,
		"public": m.Public, "attachments": files, "audit_id": m.audit.id,
	}
}

// listComments lists the comments of a ticket, oldest first unless asked
// otherwise.
func (s *Server) listComments(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, a := s.wanted(c)
	if a != nil {
		return a
	}
	list := slices.Clone(t.comments)
	descending := s.descending(c, "created_at")
	if descending {
		slices.Reverse(list)
	}
	ids := make([]int64, len(list))
	for i, m := range list {
		ids[i] = m.ID
	}
	w, a := s.page(c, ids, descending)
	if a != nil {
		return a
	}
	q := c.r.URL.Query()
	out, authors := []object{}, map[int64]object{}
	for _, m := range list[w.from:w.to] {
		o := s.commentJSON(c, m, q.Get("include_inline_images") == "true")
		o["created_at"], o["metadata"], o["via"] = stamp(m.CreatedAt), m.audit.metadata(), m.audit.via.json()
		out = append(out, o)
		authors[m.author.ID] = c.user(m.author)
	}
	answer := w.into(object{"comments": out})
	switch include := q.Get("include"); include {
	case "":
	case "users":
		answer["users"] = sorted(authors)
	default:
		remember(&s.book.unknown, "include="+include+" of "+c.route.pattern)
	}
	return reply(http.StatusOK, answer)
}
