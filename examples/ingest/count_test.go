package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// What the sandbox tells.
type (
	boxed struct {
		ID, Folder, Subject string
		IsRead              bool
		Categories          []string
		Properties          map[string]string
	}
	ticket struct {
		ID       int64
		Comments []struct {
			ID      int64
			Author  string
			HTML    string `json:"html_body"`
			Uploads []struct{ SHA256 string }
		}
	}
	left struct {
		Recipients []string
		MIME       []byte
	}
	deliveries struct {
		Pending int
		Tries   []struct {
			Webhook string
			Comment int64
			Status  int
		}
	}
	requests struct {
		Abandoned        int64
		Renewals, Reuses int
		Unknown          []string
	}
)

func (b *boxed) has(category string) bool { return slices.Contains(b.Categories, category) }

func look[T any](h *house, path string) (v T) {
	h.Helper()
	h.control("GET", path, "", &v)
	return v
}

func (m *mortals) mailbox() []boxed  { m.Helper(); return look[[]boxed](m.house, "/control/mailbox") }
func (m *mortals) tickets() []ticket { m.Helper(); return look[[]ticket](m.house, "/control/tickets") }
func (m *mortals) gone() []left      { m.Helper(); return look[[]left](m.house, "/control/left") }
func (m *mortals) deliveries() deliveries {
	m.Helper()
	return look[deliveries](m.house, "/control/deliveries")
}
func (m *mortals) requests() requests {
	m.Helper()
	return look[requests](m.house, "/control/requests")
}

// unlabelled is how much mail is still to do.
func (m *mortals) unlabelled() int {
	m.Helper()
	n := m.mail
	for _, one := range m.mailbox() {
		if one.has("Zendesk") {
			n--
		}
	}
	return n
}

// agent is the address of the one who answers.
const agent = "agent@acme.test"

// unsent are the comments of agents that have not left.
func (m *mortals) unsent() (list []int64) {
	m.Helper()
	all := m.gone()
	for _, t := range m.tickets() {
		for _, c := range t.Comments {
			if c.Author == agent && !slices.ContainsFunc(all, func(l left) bool { return l.says(c.HTML) }) {
				list = append(list, c.ID)
			}
		}
	}
	return list
}

var said = regexp.MustCompile(`answer\d+end`)

// says reports whether a mail has the words of the comment.
func (l *left) says(html string) bool {
	return slices.Contains(l.words(), said.FindString(html))
}

// words are what agents said who are told of in a mail, whatever its encoding.
func (l *left) words() []string {
	text := slices.Clone(l.MIME)
	for _, run := range base64Run.FindAll(l.MIME, -1) {
		data, _ := base64.StdEncoding.DecodeString(string(bytes.ReplaceAll(run, []byte("\r\n"), nil)))
		text = append(text, data...)
	}
	return said.FindAllString(string(bytes.ReplaceAll(text, []byte("=\r\n"), nil)), -1)
}

var base64Run = regexp.MustCompile(`(?:[A-Za-z0-9+/]{60,76}\r\n)*[A-Za-z0-9+/]{4,}={0,2}`)

// done reports whether nothing is left to do.
func (m *mortals) done() bool {
	m.Helper()
	return m.unlabelled() == 0 && len(m.unsent()) == 0 && m.deliveries().Pending == 0
}

// settle has everything come to rest, while what was left behind in directories
// has become old, and counts what there is. It returns all that is not as it has to
// be.
func (m *mortals) settle() (wrong []string) {
	m.Helper()
	for _, path := range m.files() {
		m.count.litter++
		old := time.Now().Add(-time.Hour)
		require.NoError(m, os.Chtimes(path, old, old))
	}
	renewals := m.requests().Renewals
	m.rest(func() bool { return m.done() && m.requests().Renewals > renewals })
	if m.count.signIns > 0 && !m.strict {
		wrong = append(wrong, "somebody had to sign in again")
	}
	for _, path := range m.files() {
		wrong = append(wrong, "left behind for good: "+filepath.Base(path))
	}
	wrong = append(wrong, m.requests().Unknown...)
	return append(append(wrong, m.countMails()...), m.countAnswers()...)
}

// files are those that only a process that died can have left behind.
func (m *mortals) files() (list []string) {
	m.Helper()
	for _, pattern := range []string{"store/*/*.new", "limits*.new"} {
		found, err := filepath.Glob(filepath.Join(m.dir, pattern))
		require.NoError(m, err)
		list = append(list, found...)
	}
	return list
}

func (m *mortals) countMails() (wrong []string) {
	m.Helper()
	odd := func(one *posted, what string, v ...any) {
		wrong = append(wrong, fmt.Sprintf("%s (on %q, %q, again %t): ", one.mark, one.on, one.no, one.again)+fmt.Sprintf(what, v...))
	}
	boxed := make(map[string]boxed)
	for _, b := range m.mailbox() {
		boxed[b.ID] = b
	}
	tickets := m.tickets()
	m.count.tickets = len(tickets)
	for _, t := range tickets {
		for _, c := range t.Comments[1:] {
			if c.Author != agent {
				m.count.comments++
			}
		}
	}
	for _, one := range m.letters {
		m.count.mails++
		b := boxed[one.id]
		want := []string{"Zendesk"}
		if one.no != "" {
			want = append(want, "RejectedByZendesk")
			if b.has("RejectedByZendesk") && slices.ContainsFunc(slices.Collect(maps.Values(b.Properties)), func(p string) bool { return strings.Contains(p, one.no) }) {
				m.count.rejected++
			} else {
				odd(one, "it is not rejected with its reason: %v", b.Properties)
			}
		}
		if one.red {
			want = append(want, "Red")
		}
		if got := slices.Sorted(slices.Values(b.Categories)); !slices.Equal(slices.Sorted(slices.Values(want)), got) || !b.IsRead {
			odd(one, "it is labelled %v, read %t", b.Categories, b.IsRead)
		}
		if one.again {
			continue
		}
		found := 0
		for _, t := range tickets {
			for i, c := range t.Comments {
				if !strings.Contains(c.HTML, one.mark) {
					continue
				}
				found++
				if begun := strings.Contains(t.Comments[0].HTML, one.on); !begun || one.on == "" && i > 0 {
					odd(one, "it is comment %d of ticket %d", i, t.ID)
				}
				var files []string
				for _, u := range c.Uploads {
					files = append(files, u.SHA256)
				}
				var sums []string
				for _, f := range one.files {
					sums = append(sums, sum(f))
				}
				if !slices.Equal(slices.Sorted(slices.Values(sums)), slices.Sorted(slices.Values(files))) {
					odd(one, "it has other files: %d and not %d", len(files), len(sums))
				}
			}
		}
		switch {
		case one.no != "" && found > 0:
			odd(one, "it can be no ticket and is one")
		case one.no != "":
		case found == 0:
			m.count.lost++
		default:
			m.count.twice += found - 1
		}
	}
	return wrong
}

func (m *mortals) countAnswers() (wrong []string) {
	m.Helper()
	all := m.gone()
	for n := range m.said {
		m.count.notifications++
		found := 0
		for i := range all {
			if all[i].says(answer(n + 1)) {
				found++
			}
		}
		switch found {
		case 0:
			m.count.unsent++
		case 1:
			m.count.sentOnce++
		default:
			m.count.sentTwice++
		}
	}
	if n := m.count.sentOnce + m.count.sentTwice; len(all) != n {
		wrong = append(wrong, fmt.Sprintf("%d mails left, and %d notifications", len(all), n))
	}
	return wrong
}
