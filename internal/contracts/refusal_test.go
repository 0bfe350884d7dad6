package contracts_test

import (
	"encoding/json"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// refusals are the envelopes of Zendesk's refusals, which its contract lacks
// (facts/zendesk-api.md §6.3): a word with or without more, a title, a list.
const refusals = `{"anyOf":[
{"type":"object","required":["error"],"additionalProperties":false,"properties":{
 "error":{"type":"string"},"description":{"type":"string"},
 "details":{"type":"object","additionalProperties":{"type":"array","items":{
  "type":"object","required":["description"],"additionalProperties":false,"properties":{"description":{"type":"string"},"error":{"type":"string"}}}}}}},
{"type":"object","required":["error"],"additionalProperties":false,"properties":{"error":{
 "type":"object","required":["title","message"],"additionalProperties":false,"properties":{"title":{"type":"string"},"message":{"type":"string"}}}}},
{"type":"object","required":["errors"],"additionalProperties":false,"properties":{"errors":{"type":"array","items":{
 "type":"object","required":["code","title"],"additionalProperties":false,"properties":{"code":{"type":"string"},"title":{"type":"string"},"detail":{"type":"string"}}}}}}]}`

var refusalSchema = sync.OnceValues(func() (*openapi3.Schema, error) {
	s := new(openapi3.Schema)
	return s, json.Unmarshal([]byte(refusals), s)
})

// refusal tells how a refusal deviates from all envelopes. Text is one too.
func refusal(x *exchange) []string {
	if strings.HasPrefix(x.told.Get("Content-Type"), "text/") {
		return nil
	}
	s, err := refusalSchema()
	if err != nil {
		return []string{err.Error()}
	}
	var v any
	if json.Unmarshal(x.answer, &v) != nil {
		return []string{"body no JSON"}
	}
	return violations(s, v, openapi3.VisitAsResponse())
}
