package contracts_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
)

// parts returns the requests that a batch stands for, with their answers, and
// whether each request was answered once.
func (x *exchange) parts(root string) (list []*exchange, complete bool) {
	var asked struct {
		Requests []struct {
			ID, Method, URL string
			Headers         map[string]string
			Body            json.RawMessage
		}
	}
	var told struct {
		Responses []struct {
			ID      string
			Status  int
			Headers map[string]string
			Body    json.RawMessage
		}
	}
	if json.Unmarshal(x.question, &asked) != nil || x.status != http.StatusOK || json.Unmarshal(x.answer, &told) != nil {
		return nil, true // the batch itself was refused, or lost
	}
	byID := make(map[string]*exchange)
	for _, r := range asked.Requests {
		u, err := url.Parse(root + r.URL)
		if err != nil {
			return nil, false
		}
		part := &exchange{method: r.Method, target: u, asked: header(r.Headers), question: r.Body, whole: true}
		byID[r.ID] = part
		list = append(list, part)
	}
	for _, r := range told.Responses {
		part := byID[r.ID]
		if part == nil || part.status != 0 {
			return list, false
		}
		part.status, part.told, part.answer = r.Status, header(r.Headers), r.Body
		var text string
		if json.Unmarshal(r.Body, &text) == nil { // what is no JSON comes as base64
			part.answer, _ = base64.StdEncoding.DecodeString(text)
		}
	}
	return list, len(byID) == len(told.Responses)
}

func header(fields map[string]string) http.Header {
	h := make(http.Header, len(fields))
	for name, value := range fields {
		h.Set(name, value)
	}
	return h
}
