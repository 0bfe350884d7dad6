package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// post is the mail of one house, made of a seed.
type post struct {
	rng     *rand.Rand
	letters []*posted
	names   int           // given so far
	ahead   time.Duration // of the clocks of both services
}

// posted is a mail that was delivered, and what has to become of it.
type posted struct {
	id     string // of the message in the mailbox
	octets []byte
	from   string
	name   string // its Message-ID
	mark   string // what its text says, and no other's
	on     string // the mark of the mail whose ticket it is to be a comment on
	files  []string
	no     string // why it can never be a ticket
	again  bool   // it is a second copy
	shared bool   // others have its Message-ID, or it is to have no answers
	red    bool   // a person gave it a category of his own
}

// sizes are those of files: in one request, above what makes a mail worth a look
// before its files are uploaded, and above what makes one heavy.
var sizes = []int{1_000, 40_000, 300_000, 1_500_000}

const heavyFile = 4_500_000

// Why a mail can never be a ticket.
const (
	noTo    = "the To field is missing"
	damaged = "the mail is malformed"
)

// next makes a mail.
func (p *post) next() *posted {
	p.names++
	m := &posted{mark: fmt.Sprintf("mark%dend", p.names), name: fmt.Sprintf("%d@customer.example", p.names), from: fmt.Sprintf("ann%d@customer.example", p.names)}
	head, text := "", "text/plain"
	switch kind := p.rng.IntN(100); {
	case kind < 25:
	case kind < 40:
		text = "text/html"
	case kind < 60:
		for range 1 + p.rng.IntN(3) {
			m.files = append(m.files, p.file(sizes[p.rng.IntN(len(sizes))]))
		}
	case kind < 62:
		m.files = []string{p.file(heavyFile)}
	case kind < 82:
		if to := p.earlier(func(m *posted) bool { return m.no == "" && !m.shared && m.on == "" }); to != nil {
			m.on, m.from, m.shared = to.mark, to.from, true
			head = "In-Reply-To: <" + to.name + ">\nReferences: <" + to.name + ">\n"
			if p.rng.IntN(3) == 0 {
				m.files = []string{p.file(40_000)}
			}
		}
	case kind < 88:
		m.no = []string{noTo, damaged}[p.rng.IntN(2)]
	case kind < 94: // a form or a scanner, for which there is one Message-ID
		if to := p.earlier(func(m *posted) bool { return m.no == "" && !m.again && m.on == "" && !p.answered(m) }); to != nil {
			m.name, m.shared, to.shared = to.name, true, true
		}
	default:
		if to := p.earlier(func(m *posted) bool { return !m.again }); to != nil {
			twin := *to
			twin.again, twin.red, twin.shared = true, false, true
			p.letters = append(p.letters, &twin)
			return &twin
		}
	}
	m.octets = m.mail(head, text, time.Now().Add(p.ahead))
	p.letters = append(p.letters, m)
	return m
}

// earlier picks a mail, more likely a new one, whose fate is often open still.
func (p *post) earlier(ok func(*posted) bool) *posted {
	var list []*posted
	for _, m := range p.letters {
		if ok(m) {
			list = append(list, m)
		}
	}
	if len(list) == 0 {
		return nil
	}
	if last := min(len(list), 10); p.rng.IntN(3) > 0 {
		list = list[len(list)-last:]
	}
	return list[p.rng.IntN(len(list))]
}

func (p *post) answered(m *posted) bool {
	return slices.ContainsFunc(p.letters, func(o *posted) bool { return o.on == m.mark })
}

// file is content that no other file has.
func (p *post) file(n int) string {
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(p.rng.Uint32())
	}
	b := make([]byte, n)
	_, _ = rand.NewChaCha8(seed).Read(b)
	return string(b)
}

// sum is what the sandbox tells of a file.
func sum(file string) string {
	s := sha256.Sum256([]byte(file))
	return hex.EncodeToString(s[:])
}

func (m *posted) mail(head, text string, date time.Time) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "From: Ann <%s>\n", m.from)
	if m.no != noTo {
		b.WriteString("To: support@contoso.test\n")
	}
	fmt.Fprintf(&b, "Subject: About %s\nMessage-ID: <%s>\nDate: %s\nMIME-Version: 1.0\n%s", m.mark, m.name, date.Format(time.RFC1123Z), head)
	body := "Content-Type: " + text + "; charset=utf-8\n\nIt says " + m.mark + ".\n"
	if text == "text/html" {
		body = "Content-Type: text/html; charset=utf-8\n\n<p>It <b>says</b> " + m.mark + ".</p>\n"
	}
	switch {
	case m.no == damaged:
		b.WriteString("Content-Type: multipart/mixed; boundary=b\n\n--b\n" + body + "--b\nContent-Type: application/zip\nContent-Disposition: attachment; filename=a.zip\n" +
			"Content-Transfer-Encoding: base64\n\n" + strings.Repeat("UEsDBBQ!!!(damaged)!!!AAAIAK==\n", 40) + "--b--\n")
	case len(m.files) > 0:
		b.WriteString("Content-Type: multipart/mixed; boundary=b\n\n--b\n" + body)
		for i, file := range m.files {
			fmt.Fprintf(&b, "--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=%d.pdf\nContent-Transfer-Encoding: base64\n\n", i)
			for code := base64.StdEncoding.EncodeToString([]byte(file)); code != ""; {
				n := min(len(code), 76)
				b.WriteString(code[:n] + "\n")
				code = code[n:]
			}
		}
		b.WriteString("--b--\n")
	default:
		b.WriteString(body)
	}
	return []byte(strings.ReplaceAll(b.String(), "\n", "\r\n"))
}
