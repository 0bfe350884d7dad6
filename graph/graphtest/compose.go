package graphtest

import (
	"bytes"
	"maps"
	"mime"
	netmail "net/mail"
	"slices"
	"strings"
	"time"
)

// draft is what a message consists of that was composed here. It is never
// written to once a message holds it, only replaced.
type draft struct {
	fields []field // the header but for what describes the body
	body   *part
	files  []*part
	people map[string][]person // recipients as they were given: a header cannot hold all that JSON can
	mime   bool                // it came as MIME
	plain  bool                // its body was made here since, and holds no files
}

// clone returns a copy that may be changed.
func (d *draft) clone() *draft {
	n := *d
	n.fields, n.files, n.people = slices.Clone(d.fields), slices.Clone(d.files), maps.Clone(d.people)
	if n.people == nil {
		n.people = map[string][]person{}
	}
	return &n
}

// draftOf takes a mail apart.
func draftOf(m *mail, fields []field) *draft {
	d := &draft{mime: true, people: map[string][]person{}}
	body := *m.root
	body.fields, body.clean = nil, true
	seen := map[string]bool{}
	for _, f := range m.root.fields {
		// Of several that describe the body the first counts: a second one
		// would leave the body in doubt.
		if name := strings.ToLower(f.name); structural[name] && !seen[name] {
			seen[name] = true
			body.fields = append(body.fields, f)
		}
	}
	for _, f := range fields {
		if !structural[strings.ToLower(f.name)] {
			d.fields = append(d.fields, f)
		}
	}
	d.body = &body
	return d
}

// mail composes the message: images beside the HTML they belong to, files
// beside all of it.
func (d *draft) mail() *mail {
	body := d.body
	var images, files []*part
	for _, f := range d.files {
		if f.disposition() == "inline" {
			images = append(images, f)
		} else {
			files = append(files, f)
		}
	}
	if len(images) > 0 {
		body = newMultipart("related", append([]*part{body}, images...))
	}
	if len(files) > 0 {
		body = newMultipart("mixed", append([]*part{body}, files...))
	}
	root := *body
	root.fields = append(slices.Clip(slices.Clone(d.fields)), body.fields...)
	return &mail{root: &root}
}

// text returns the first field of that name, unfolded.
func (d *draft) text(name string) string { return (&part{fields: d.fields}).text(name) }

// set replaces all fields of a name by one; an empty value removes them.
func (d *draft) set(name, value string) {
	i := slices.IndexFunc(d.fields, func(f field) bool { return strings.EqualFold(f.name, name) })
	d.fields = slices.DeleteFunc(d.fields, func(f field) bool { return strings.EqualFold(f.name, name) })
	if value == "" {
		return
	}
	if i < 0 || i > len(d.fields) {
		i = len(d.fields)
	}
	d.fields = slices.Insert(d.fields, i, field{name, []byte(" " + value)})
}

// setPeople sets a field of addresses. What is no address is kept beside the
// header, which shows its name alone.
func (d *draft) setPeople(name string, list []person) {
	d.people[name] = list
	var texts []string
	for _, p := range list {
		switch {
		case resolvable(p.address):
			texts = append(texts, (&netmail.Address{Name: oneLine(p.name), Address: p.address}).String())
		case p.name != "" || p.address != "":
			texts = append(texts, mime.QEncoding.Encode("utf-8", oneLine(p.name+" "+p.address)))
		}
	}
	d.set(name, strings.Join(texts, ", "))
}

// setBody replaces the text and leaves the files, those within a MIME body
// included.
func (d *draft) setBody(kind, content string) {
	if d.mime && !d.plain {
		var within []*part
		for _, a := range (&mail{root: d.body}).attachments() {
			within = append(within, a.part)
		}
		d.files = append(within, d.files...)
	}
	d.plain = true
	d.body = newBody(kind, content)
}

// weight is about what the message takes in the store, where nothing is
// encoded.
func (d *draft) weight() int64 {
	n := int64(0)
	d.mail().root.walk(func(p *part) {
		for _, f := range p.fields {
			n += int64(len(f.name) + len(f.raw) + 3)
		}
		switch {
		case p.kids != nil:
		case strings.EqualFold(p.text("Content-Transfer-Encoding"), "base64"):
			n += int64(len(p.body)) * 3 / 4
		default:
			n += int64(len(p.body))
		}
	})
	return n
}

func newPart(kind string, params map[string]string, body []byte) *part {
	text := mime.FormatMediaType(kind, params)
	if text == "" {
		kind = "application/octet-stream"
		text = mime.FormatMediaType(kind, params)
	}
	if params == nil {
		params = map[string]string{}
	}
	return &part{body: body, kind: strings.ToLower(kind), params: params, clean: true,
		fields: []field{{"Content-Type", []byte(" " + text)}}}
}

func newMultipart(sub string, kids []*part) *part {
	p := newPart("multipart/"+sub, map[string]string{"boundary": "_"}, nil) // a real one is made when it is written
	p.kids = kids
	return p
}

// newBody makes a body. HTML leaves with a text beside it.
func newBody(kind, content string) *part {
	utf8 := map[string]string{"charset": "utf-8"}
	content = strings.ReplaceAll(strings.ReplaceAll(content, "\r\n", "\n"), "\n", "\r\n")
	if kind == "text" {
		return newPart("text/plain", utf8, []byte(content))
	}
	if !strings.Contains(strings.ToLower(content), "<html") {
		// "Create message": the answers of the samples.
		content = "<html>\r\n<head>\r\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">\r\n</head>\r\n<body>\r\n" +
			content + "\r\n</body>\r\n</html>\r\n"
	}
	return newMultipart("alternative", []*part{
		newPart("text/plain", utf8, []byte(plainText(content))), newPart("text/html", utf8, []byte(content))})
}

// newFile makes an attachment, whose body is not encoded before it is written.
func newFile(name, kind, contentID string, inline bool, body []byte) *part {
	base, params, err := mime.ParseMediaType(kind)
	if err != nil || strings.HasPrefix(base, "multipart/") { // which it is not: it has no parts
		base, params = "application/octet-stream", map[string]string{}
	}
	params["name"] = name
	p := newPart(base, params, body)
	disposition := "attachment"
	if inline {
		disposition = "inline"
	}
	p.fields = append(p.fields, field{"Content-Disposition",
		[]byte(" " + mime.FormatMediaType(disposition, map[string]string{"filename": name}))})
	if contentID != "" {
		p.fields = append(p.fields, field{"Content-ID", []byte(" <" + oneLine(contentID) + ">")})
	}
	return p
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// unbroken puts blanks for line breaks, which no value of a field may hold.
func unbroken(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ").Replace(s))
}

// dateText writes a time as a header does.
func dateText(t time.Time) string { return t.UTC().Format("Mon, 2 Jan 2006 15:04:05 -0700") }

// render writes a message as it is served.
func render(it *item) []byte {
	var b bytes.Buffer
	_ = regenerate(&b, it) // a Buffer does not fail
	return b.Bytes()
}
