package graph

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

// TestOddMessages: one message whose fields are not what they should be spoils
// neither the page nor the messages beside it.
func TestOddMessages(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	whole := exdesk.Mail{ID: "w", Subject: "Größe \"4\"", Received: at, From: exdesk.Address{Name: "Ann", Address: "ann@customer.example"}, Size: 4711, Categories: []string{"Blue"}}
	for item, want := range map[string]exdesk.Mail{
		`{"id":"w","subject":"Gr\u00f6ße \"4\"","receivedDateTime":"2026-11-23T12:00:00Z","from":{"emailAddress":{"name":"Ann","address":"ann@customer.example"}},
			"categories":["Blue"],"singleValueExtendedProperties":[{"value":"4711","id":"Integer 0xe08"}],"body":{"content":[1,{}]}}`: whole,
		`{"id":"w","from":null,"subject":null,"categories":null,"receivedDateTime":null,"singleValueExtendedProperties":null}`: {ID: "w"},
		`{"id":"w","receivedDateTime":7,"sentDateTime":"soon"}`:                                                                {ID: "w"},
		`{"id":"w","singleValueExtendedProperties":[{"id":"Integer 0x0E08","value":4711}]}`:                                    {ID: "w", Size: 4711},
		`{"subject":7,"internetMessageId":"<a@x.example>","id":"w"}`:                                                           {ID: "w"},
		`{"id":"w","from":"Ann","subject":"Hello"}`:                                                                            {ID: "w"},
		`{"id":"w","categories":[7],"subject":"Hello"}`:                                                                        {ID: "w"},
		`{"id":7,"subject":"Hello"}`:                                                                                           {},
		`"w"`:                                                                                                                  {},
	} {
		var p mails
		require.NoError(t, rest.Decode([]byte(`{"value":[{"id":"before","subject":"a"},`+item+`,{"id":"after","subject":"b"}],"@odata.nextLink":"n"}`), &p), item)
		require.True(t, p.whole())
		require.Len(t, p.list, 3)
		require.Equal(t, []string{"before a", "after b", "n"}, []string{p.list[0].ID + " " + p.list[0].Subject, p.list[2].ID + " " + p.list[2].Subject, p.next})
		require.Equal(t, want, *p.list[1], item)
	}
	for text, whole := range map[string]bool{
		`{"value":[]}`: true, `{"value":[],"error":null}`: true, `{"value":[],"error":{}}`: false, `{"value":null}`: false, `{}`: false,
	} {
		var p mails
		require.NoError(t, rest.Decode([]byte(text), &p))
		require.Equal(t, whole, p.whole(), text)
	}
	for _, text := range []string{`{"value":{}}`, `{"value":[{"id":"w"}`, `[]`, `{"value":[]} {}`, `{"value":[],"@odata.nextLink":7}`} {
		require.Error(t, rest.Decode([]byte(text), new(mails)), text)
	}
}

// TestTexts: strings are parts of a few large ones, and stay as they are whatever
// comes after them.
func TestTexts(t *testing.T) {
	var all texts
	var got []string
	for i := range 300 {
		got = append(got, all.add([]byte(strings.Repeat(string(rune('a'+i%26)), i))))
	}
	for i, s := range got {
		require.Equal(t, strings.Repeat(string(rune('a'+i%26)), i), s)
	}
	require.Len(t, all.add(make([]byte, 3*someTexts)), 3*someTexts)
}

// TestBatchAnswers: they come in any order, some do not come, and some are odd.
func TestBatchAnswers(t *testing.T) {
	b := batchAnswers{requests: []batchRequest{{Method: "GET"}, {Method: "PATCH"}, {Method: "PATCH"}, {Method: "GET"}}, answers: make([]batchAnswer, 4)}
	require.NoError(t, rest.Decode([]byte(`{"responses":[{"id":"2","status":409,"headers":{"Retry-After":"3"},"body":{"error":{}}},
		{"body":{"id":"x"},"status":200,"id":"0"},{"id":"1","status":200,"body":{"body":"long"}},{"id":"9","status":200},{"id":"3","status":"200"},{"id":"x"}]}`), &b))
	require.Equal(t, []batchAnswer{
		{Status: 200, Body: []byte(`{"id":"x"}`)}, {Status: 200},
		{Status: 409, Headers: map[string]string{"Retry-After": "3"}, Body: []byte(`{"error":{}}`)}, {},
	}, b.answers)
	require.ErrorIs(t, b.answers[3].into(nil), exdesk.ErrTemporary)
}
