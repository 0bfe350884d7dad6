package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
)

// traffic counts the requests to both servers.
type traffic struct {
	requests  atomic.Int64
	abandoned atomic.Int64 // whose client went away before its answer was there
}

// watch counts what h is asked.
func (t *traffic) watch(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.requests.Add(1)
		gone := sync.OnceFunc(func() { t.abandoned.Add(1) })
		defer context.AfterFunc(r.Context(), gone)()
		if r.ContentLength >= 0 && r.ContentLength <= small {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				gone()
				return // no service acts on half a request
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		} else {
			r.Body = &upload{r.Body, gone}
		}
		h.ServeHTTP(w, r)
	})
}

// small is up to what size a body is read at first: before its end net/http does not
// see that the client has gone.
const small = 1 << 20

// upload is a body that is larger than that.
type upload struct {
	io.ReadCloser
	gone func()
}

func (u *upload) Read(b []byte) (int, error) {
	n, err := u.ReadCloser.Read(b)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, http.ErrBodyReadAfterClose) {
		u.gone()
	}
	return n, err
}

// count is what the control port tells of the requests.
type count struct {
	Requests   int64    `json:"requests"`
	Abandoned  int64    `json:"abandoned"`
	Renewals   int      `json:"renewals"` // of sign-ins
	Reuses     int      `json:"reuses"`   // refresh tokens that were shown again
	Violations []string `json:"violations"`
	Unknown    []string `json:"unknown"`
}

func (s *sandbox) count(*http.Request) (any, error) {
	c := &count{
		Requests: s.traffic.requests.Load(), Abandoned: s.traffic.abandoned.Load(), Reuses: s.exchange.RefreshReuses(),
		Violations: slices.Concat([]string{}, s.exchange.Violations(), s.support.Violations()),
		Unknown:    slices.Concat([]string{}, s.exchange.Unknown(), s.support.Unknown()),
	}
	for _, one := range s.exchange.Issued() {
		if one.Grant == "refresh_token" {
			c.Renewals++
		}
	}
	return c, nil
}
