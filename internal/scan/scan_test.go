package scan_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/internal/scan"
)

// value reads whatever comes, as encoding/json would.
func value(r *scan.Reader) any {
	switch r.Kind() {
	case '{':
		m := make(map[string]any)
		for name := range r.Object {
			key := string(name)
			m[key] = value(r)
		}
		return m
	case '[':
		a := []any{}
		for range r.Array {
			a = append(a, value(r))
		}
		return a
	case '"':
		return string(r.Text())
	case 't', 'f', 'n':
		return map[string]any{"true": true, "false": false, "null": nil}[string(r.Raw())]
	}
	return json.Number(r.Raw())
}

// FuzzReader: a text is JSON to the Reader if it is to encoding/json, and means
// the same, however much of it is read.
func FuzzReader(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,-0.5e+7,true,false,null,{}],"b":"x\u00e4\ud83d\ude00\ud83d\"\\\/\b\f\n\r\t","a":2}`, ` [ ] `, `"ä€😀"`, "\"\xff\xc3\"", `"\ud800\u0041"`,
		`[1,]`, `{"a":1,}`, `{,}`, `{"a"}`, `{a:1}`, `01`, `1.`, `1e`, `-`, `+1`, `.5`, `tru`, `nullx`, `"`, `"\`, `"\x"`, `"\u12g4"`, "\"\n\"", ``, `{} {}`, "[\x00]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var want any
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		valid := json.Valid(text)
		if valid {
			require.NoError(t, d.Decode(&want))
		}
		whole, skipped, left, wrong := scan.New(text), scan.New(text), scan.New(text), scan.New(text)
		got := value(whole)
		require.Equal(t, valid, whole.End() == nil, "%q", text)
		require.False(t, whole.Odd())
		if valid {
			require.Equal(t, want, got, "%q", text)
		}
		skipped.Skip()
		require.Equal(t, valid, skipped.End() == nil)
		if left.Kind() == '{' {
			for range left.Object {
				break
			}
		} else {
			for range left.Array {
				break
			}
		}
		require.Equal(t, valid, left.End() == nil)
		wrong.Text()
		require.Equal(t, valid, wrong.End() == nil)
	})
}

func TestDepth(t *testing.T) {
	for n, c := range map[int]func(require.TestingT, error, ...any){10_000: require.NoError, 10_001: require.Error} {
		text := []byte(strings.Repeat("[", n) + strings.Repeat("]", n))
		r := scan.New(text)
		r.Skip()
		c(t, r.End())
		c(t, json.Unmarshal(text, new(any)))
	}
}

func TestOdd(t *testing.T) {
	r := scan.New([]byte(`{"id":7,"subject":null,"from":"x","to":[{}, "y"],"last":"z"}`))
	got := make(map[string]string)
	for name := range r.Object {
		switch string(name) {
		case "id", "subject", "last":
			got[string(name)] = fmt.Sprint(string(r.Text()), r.Odd())
		case "from":
			for range r.Object {
				t.Fatal("it is no object")
			}
			got["from"] = fmt.Sprint(r.Odd())
		case "to":
			for range r.Array {
				got["to"] += string(r.Text())
			}
			got["to"] += fmt.Sprint(r.Odd())
		}
	}
	require.NoError(t, r.End())
	require.Equal(t, map[string]string{"id": "true", "subject": "false", "from": "true", "to": "ytrue", "last": "zfalse"}, got)
}

// What is passed over costs nothing, and neither does what is written as it is meant.
func TestAllocations(t *testing.T) {
	text := []byte(`{"skipped":{"a":[1,2,{"b":"\u00e4"}],"c":"ö"},"wanted":["plain","größer"],"last":true}`)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		r, n := *scan.New(text), 0
		for name := range r.Object {
			if string(name) == "wanted" {
				for range r.Array {
					n += len(r.Text())
				}
			}
		}
		if n != 13 || r.End() != nil {
			t.Fatal(n)
		}
	}))
}
