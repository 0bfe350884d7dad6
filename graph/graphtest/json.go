package graphtest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// object is a JSON object whose members keep their order: Graph's annotations
// come first, and its samples always list properties alike.
type object []member

type member struct {
	name  string
	value any
}

// encode writes v as JSON without escaping HTML, which Graph does not either.
func encode(v any) []byte {
	var b bytes.Buffer
	appendJSON(&b, v)
	return b.Bytes()
}

func appendJSON(b *bytes.Buffer, v any) {
	switch v := v.(type) {
	case object:
		b.WriteByte('{')
		for i, m := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			appendJSON(b, m.name)
			b.WriteByte(':')
			appendJSON(b, m.value)
		}
		b.WriteByte('}')
	case []object:
		b.WriteByte('[')
		for i, o := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			appendJSON(b, o)
		}
		b.WriteByte(']')
	case json.RawMessage:
		b.Write(v)
	default:
		e := json.NewEncoder(b)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			panic("graphtest: encode: " + err.Error()) // only plain values come here
		}
		b.Truncate(b.Len() - 1) // the encoder's newline
	}
}

// write sends a JSON answer.
func (c *call) write(status int, v object) {
	body := encode(v)
	c.w.Header().Set("Content-Type", contentType)
	c.w.WriteHeader(status)
	_, _ = c.w.Write(body) // a client that went away is no concern of ours
}

// readBody reads a JSON object.
func (c *call) readBody() (map[string]json.RawMessage, *refusal) {
	raw, no := c.readAll()
	if no != nil {
		return nil, no
	}
	if c.mediaType() != "application/json" {
		return nil, badRequest("Entity only allows writes with a JSON Content-Type header.")
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil || m == nil {
		return nil, badRequest("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	return m, nil
}

// readAll reads the body of a request, unpacked. Graph takes bodies in gzip, and
// Microsoft's own SDKs send all of theirs so; what would be refused with 415 they
// send again as it is (msgraph-sdk-design, CompressionHandler). Whether MaxRequest
// is counted packed or not is documented nowhere; here it is what is unpacked.
func (c *call) readAll() ([]byte, *refusal) {
	limit := c.s.opts.MaxRequest
	var body io.Reader = c.r.Body
	switch coding := c.r.Header.Get("Content-Encoding"); {
	case strings.EqualFold(coding, "gzip"):
		packed, err := gzip.NewReader(body)
		if err != nil {
			return nil, badRequest("The request body could not be read.")
		}
		body = packed
	case coding != "" && !strings.EqualFold(coding, "identity"):
		return nil, &refusal{status: http.StatusUnsupportedMediaType, code: "UnsupportedMediaType", message: "The Content-Encoding is not supported."}
	}
	raw, err := readUpTo(body, int64(limit)+1)
	switch {
	case err != nil:
		return nil, badRequest("The request body could not be read.")
	case len(raw) > limit:
		return nil, &refusal{status: http.StatusRequestEntityTooLarge, code: "RequestEntityTooLarge", message: texts["RequestEntityTooLarge"]}
	}
	return raw, nil
}
