package exdesk

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// page is what a browser makes of HTML, by the tokenization of the WHATWG HTML
// Living Standard (13.2.5), as far as there is no script to run.
type page struct {
	text     strings.Builder
	hidden   bool     // there was a comment, or an element that nobody sees
	raw      []string // elements whose content is no markup
	unclosed bool     // it ends inside a tag or comment
}

const blanks = " \t\n\f"

func browse(s string) *page {
	p := new(page)
	for s != "" {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			p.text.WriteString(html.UnescapeString(s))
			break
		}
		p.text.WriteString(html.UnescapeString(s[:i]))
		s = s[i:]
		switch next := strings.TrimPrefix(s[1:], "/"); {
		case next != "" && isLetter(next[0]):
			s = p.element(s)
		case strings.HasPrefix(s, "<!--"):
			s = p.comment(s[4:])
		case s == "</" || !strings.HasPrefix(s, "</") && !strings.HasPrefix(s, "<!") && !strings.HasPrefix(s, "<?"):
			p.text.WriteByte('<')
			s = s[1:]
		default:
			p.hidden = true
			_, rest, ok := strings.Cut(s, ">")
			p.unclosed = p.unclosed || !ok
			s = rest
		}
	}
	return p
}

func (p *page) comment(s string) string {
	p.hidden = true
	if strings.HasPrefix(s, ">") || strings.HasPrefix(s, "->") {
		_, rest, _ := strings.Cut(s, ">")
		return rest
	}
	for i := range s {
		for _, end := range []string{"-->", "--!>"} {
			if strings.HasPrefix(s[i:], end) {
				return s[i+len(end):]
			}
		}
	}
	p.unclosed = true
	return ""
}

// element reads a tag letter by letter, and the content of what is raw.
func (p *page) element(s string) string {
	end := strings.IndexAny(s, blanks+">")
	if i := strings.IndexByte(s[2:], '/'); i >= 0 && (end < 0 || i+2 < end) {
		end = i + 2
	}
	if end < 0 {
		p.unclosed = true
		return ""
	}
	name, s := strings.ToLower(s[1:end]), s[end:]
	state := "before name"
	for i := range len(s) {
		c := s[i]
		blank := strings.IndexByte(blanks, c) >= 0
		switch {
		case state == `"` || state == "'":
			if string(c) == state {
				state = "before name"
			}
		case c == '>':
			return p.content(name, s[i+1:])
		case state == "before value" && (c == '"' || c == '\''):
			state = string(c)
		case state == "before value" && !blank:
			state = "value"
		case state == "before value":
		case state == "value":
			if blank {
				state = "before name"
			}
		case blank && state == "name":
			state = "after name"
		case blank:
		case c == '/':
			state = "before name"
		case c == '=' && state != "before name":
			state = "before value"
		default:
			state = "name"
		}
	}
	p.unclosed = true
	return ""
}

var rawElements = []string{"script", "style", "title", "iframe", "noembed", "noframes", "textarea", "xmp"}

// content passes over what is raw.
func (p *page) content(name, s string) string {
	if name == "plaintext" {
		p.raw = append(p.raw, name)
		return ""
	}
	if !slices.Contains(rawElements, name) {
		return s
	}
	p.raw = append(p.raw, name)
	for i := range s {
		after, ok := strings.CutPrefix(strings.ToLower(s[i:]), "</"+name)
		if ok && after != "" && strings.IndexByte(blanks+"/>", after[0]) >= 0 {
			return s[i:]
		}
	}
	p.unclosed = true
	return ""
}

var torn = regexp.MustCompile(`&[#0-9A-Za-z]*<`)

// FuzzTidy: what is left of HTML is read in one way only. It has no comments, no
// scripts and nothing else whose content is no markup, and it ends outside of a
// tag. A reader sees what he saw before; what is told of it as text is that.
func FuzzTidy(f *testing.F) {
	for _, s := range []string{
		"<p>a<br>b</p>", "<<script></script>script>alert(1)</script>", `<a title="x>y" b='>' c=d"e>f</a>`, `<a b=x="><script>x</script>">`,
		"a<!--b-->c<!-->d<!--->e<!--f--!>g<!--h", "<script><!--</scripty></script >x", "</ x>y</>z</", "<?xml?><!DOCTYPE html PUBLIC \"a>b\">", "<a/b=c/>d<a =x>",
		"<textarea><b>x</textarea>y", "<plaintext>x", "<title>a</title><style>b</style><iframe>c</iframe>", "{<b>{x}}", "&lt;b&gt; &amp;lt; &#60;script>",
		"<script.x>y", "<a b= \"c>d\">e", "1 < 2 > 1 <- <3",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\r", "\n")
		out := tidy(s)
		was, is := browse(s), browse(out)
		require.False(t, is.hidden || is.unclosed, "%q", out)
		require.Empty(t, is.raw)
		require.Equal(t, out, tidy(out))
		// An entity in which something was taken out may become whole.
		if !torn.MatchString(s) && !slices.Contains(was.raw, "textarea") && !slices.Contains(was.raw, "xmp") && !slices.Contains(was.raw, "plaintext") {
			require.Equal(t, was.text.String(), is.text.String())
		}
		require.True(t, torn.MatchString(s) || strings.Join(strings.Fields(is.text.String()), "") == strings.Join(strings.Fields(htmlText(s)), ""), "%q", s)
		for _, most := range []int{0, 7, len(out) / 2, len(out)} {
			short := cutHTML(out, most)
			require.LessOrEqual(t, len(short), most)
			require.True(t, strings.HasPrefix(out, short))
			cut := browse(short)
			require.False(t, cut.hidden || cut.unclosed, "%q", short)
			require.True(t, strings.HasPrefix(is.text.String(), cut.text.String()), "%q", short)
		}
		expandable(t, neutral(s))
		require.Equal(t, neutral(s), neutral(neutral(s)))
		text := browse(textHTML(s))
		require.False(t, text.hidden || text.unclosed)
		require.Equal(t, strings.Join(strings.Fields(s), ""), strings.Join(strings.Fields(strings.ReplaceAll(text.text.String(), "\u00a0", " ")), ""))
	})
}
