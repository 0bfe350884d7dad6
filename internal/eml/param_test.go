package eml

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestContentType(t *testing.T) {
	t.Parallel()
	type params = map[string]string
	for _, tc := range []struct {
		in, typ string
		params  params
	}{
		{"", "", nil},
		{"text/plain", "text/plain", nil},
		{"Text/HTML; Charset=UTF-8", "text/html", params{"charset": "UTF-8"}},
		{`text/plain; charset="utf-8"; format=flowed`, "text/plain", params{"charset": "utf-8", "format": "flowed"}},
		{`text/plain (hi); charset=utf-8 (there)`, "text/plain", params{"charset": "utf-8"}},
		{`a/b; x="a\"b\\c"`, "a/b", params{"x": `a"b\c`}},
		{`a/b; name="C:\dir\file.txt"`, "a/b", params{"name": `C:\dir\file.txt`}},
		{`a/b; x=1; x=2`, "a/b", params{"x": "1"}},
		{`a/b; x = "1" ; y = 2`, "a/b", params{"x": "1", "y": "2"}},
		{`a/b; name=my file (1).txt; y=2`, "a/b", params{"name": "my file (1).txt", "y": "2"}},
		{`multipart/mixed boundary="x"`, "multipart/mixed", params{"boundary": "x"}},
		{`a/b; charset=utf-8 name=x`, "a/b", params{"charset": "utf-8", "name": "x"}},
		{`a/b; name="x" y=2`, "a/b", params{"name": "x", "y": "2"}},
		{`a/b; charset="utf-8`, "a/b", params{"charset": "utf-8"}},
		{`a/b; charset=`, "a/b", params{"charset": ""}},
		{`a/b;;; x=1;`, "a/b", params{"x": "1"}},
		{`"text/plain"; x=1`, "text/plain", params{"x": "1"}},
		{`text`, "text/plain", nil},
		{`application-x-gzip; name=x`, "", params{"name": "x"}},
		{`; name=x`, "", params{"name": "x"}},
		{`name=x`, "", params{"name": "x"}},
		// RFC 2231
		{`a/b; name*=utf-8'de'gr%C3%BCn.txt`, "a/b", params{"name": "grün.txt"}},
		{`a/b; name*0="gr"; name*1="een"`, "a/b", params{"name": "green"}},
		{`a/b; name*1="een"; name*0="gr"`, "a/b", params{"name": "green"}},
		{`a/b; name*0*=utf-8''gr%C3; name*1*=%BCn; name*2=".txt"`, "a/b", params{"name": "grün.txt"}},
		{`a/b; name*0*=iso-8859-1''gr%FC; name*1="n %41"`, "a/b", params{"name": "grün %41"}},
		{`a/b; name=x.txt; name*=utf-8''gr%C3%BCn.txt`, "a/b", params{"name": "grün.txt"}},
		{`a/b; name*="utf-8''gr%C3%BCn.txt"`, "a/b", params{"name": "grün.txt"}},
		{`a/b; name*=gr%C3%BCn.txt`, "a/b", params{"name": "grün.txt"}},
		{`a/b; name*0=a; name*2=c`, "a/b", params{"name": "ac"}},
		{`a/b; name*x=a`, "a/b", params{"name*x": "a"}},
	} {
		typ, got := parseType(tc.in)
		require.Equal(t, tc.typ, typ, tc.in)
		require.Equal(t, tc.params, got, tc.in)
	}
}

func TestPartNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("\u00e4", 200)
	for _, tc := range []struct{ typ, disposition, name, kind string }{
		{"a/b; name=x.txt", "", "x.txt", ""},
		{"a/b; name=x.txt", "attachment", "x.txt", "attachment"},
		{"a/b; name=x.txt", "inline; filename=y.txt", "y.txt", "inline"},
		{"a/b", "form-data; filename=y.txt", "y.txt", "attachment"},
		{"a/b", "ATTACHMENT; FileName=\"y.txt\"", "y.txt", "attachment"},
		{"a/b", "; filename=y.txt", "y.txt", "attachment"},
		{"a/b", ";", "", ""},
		{"a/b", "attachment; filename=\"=?utf-8?q?gr=C3=BCn?= =?utf-8?q?.txt?=\"", "grün.txt", "attachment"},
		{"a/b", "attachment; filename=gr\xfcn.txt", "grün.txt", "attachment"},
		{"a/b", "attachment; filename*0=\"=?utf-8?b?Z3LD\"; filename*1=\"vG4udHh0?=\"", "grün.txt", "attachment"},
		{"a/b", `attachment; filename="C:\Users\me\x.txt"`, "x.txt", "attachment"},
		{"a/b", `attachment; filename="../../etc/passwd"`, "passwd", "attachment"},
		{"a/b", `attachment; filename=".."`, "", "attachment"},
		{"a/b", `attachment; filename*=utf-8''a%2Fb%00%0D%0A.txt`, "b  .txt", "attachment"},
		{"a/b", "attachment; filename=\"x\u202Egpj.exe\"", "xgpj.exe", "attachment"},
		{"a/b", "attachment; filename=\"" + long + ".docx\"", strings.Repeat("ä", 125) + ".docx", "attachment"},
	} {
		raw := "Content-Type: " + tc.typ + "\n"
		if tc.disposition != "" {
			raw += "Content-Disposition: " + tc.disposition + "\n"
		}
		p, err := NewReader(strings.NewReader(raw+"\n"), nil).Next()
		require.NoError(t, err)
		require.Equal(t, tc.name, p.Name, raw)
		require.Equal(t, tc.kind, p.Disposition, raw)
	}
}
