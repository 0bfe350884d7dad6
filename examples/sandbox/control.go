package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// sandbox is the two servers and the way to look into them.
type sandbox struct {
	exchange *graphtest.Server
	support  *zendesktest.Server
	hooks    *zendesktest.Webhooks
	traffic  traffic
}

// maxMail is the largest mail that can be put in: Exchange's own limit.
const maxMail = 150 << 20

func (s *sandbox) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /control/mail", answer(s.mail))
	mux.HandleFunc("GET /control/mailbox", answer(func(*http.Request) (any, error) { return s.folder(""), nil }))
	mux.HandleFunc("GET /control/sent", answer(func(*http.Request) (any, error) { return s.folder("sentitems"), nil }))
	mux.HandleFunc("GET /control/left", answer(s.left))
	mux.HandleFunc("GET /control/tickets", answer(func(*http.Request) (any, error) { return s.tickets(), nil }))
	mux.HandleFunc("GET /control/notes", answer(func(*http.Request) (any, error) { return s.notes(), nil }))
	mux.HandleFunc("POST /control/faults", answer(s.faults))
	mux.HandleFunc("POST /control/signin", answer(s.signIn))
	mux.HandleFunc("POST /control/revoke", answer(s.revoke))
	mux.HandleFunc("POST /control/clock", answer(s.clock))
	mux.HandleFunc("POST /control/label", answer(s.label))
	mux.HandleFunc("POST /control/comment", answer(s.comment))
	mux.HandleFunc("POST /control/webhook", answer(s.subscribe))
	mux.HandleFunc("GET /control/deliveries", answer(s.deliveries))
	mux.HandleFunc("GET /control/requests", answer(s.count))
	return mux
}

// answer turns a function into a handler that answers in JSON.
func answer(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusOK
		v, err := f(r)
		if err != nil {
			status, v = http.StatusBadRequest, map[string]string{"error": err.Error()}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
}

func (s *sandbox) mail(r *http.Request) (any, error) {
	mail, err := io.ReadAll(io.LimitReader(r.Body, maxMail+1))
	switch {
	case err != nil:
		return nil, err
	case len(mail) == 0:
		return nil, errors.New("the body is the mail; this one is empty")
	case len(mail) > maxMail:
		return nil, fmt.Errorf("the mail is larger than %d MB", maxMail>>20)
	}
	return map[string]string{"id": s.exchange.Deliver(mail)}, nil
}

// message is what the control port tells of a message.
type message struct {
	ID                string   `json:"id"`
	InternetMessageID string   `json:"internetMessageId"`
	Folder            string   `json:"folder"`
	Subject           string   `json:"subject"`
	IsRead            bool     `json:"isRead"`
	Categories        []string `json:"categories"`
	Size              int64    `json:"size"`
	// Properties are the extended ones that programs set.
	Properties map[string]string `json:"properties"`
}

// folder lists a folder, or the whole mailbox.
func (s *sandbox) folder(name string) []message {
	list := []message{}
	for _, m := range s.exchange.Messages() {
		if name == "" || m.Folder == name {
			list = append(list, message{m.ID, m.InternetMessageID, m.Folder, m.Subject, m.IsRead, append([]string{}, m.Categories...), m.Size, m.Properties})
		}
	}
	return list
}

type ticket struct {
	ID         int64     `json:"id"`
	ExternalID string    `json:"external_id"`
	Subject    string    `json:"subject"`
	Status     string    `json:"status"`
	Recipient  string    `json:"recipient"`
	Requester  person    `json:"requester"`
	EmailCCs   []string  `json:"email_ccs"`
	Comments   []comment `json:"comments"`
	Created    time.Time `json:"created_at"`
}

type person struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

type comment struct {
	ID      int64  `json:"id"`
	Author  string `json:"author"` // address
	HTML    string `json:"html_body"`
	Public  bool   `json:"public"`
	Uploads []file `json:"uploads"`
}

type file struct {
	Name   string `json:"file_name"`
	Type   string `json:"content_type"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

func (s *sandbox) tickets() []ticket {
	list := []ticket{}
	for _, t := range s.support.Tickets() {
		out := ticket{
			ID: t.ID, ExternalID: t.ExternalID, Subject: t.Subject, Status: t.Status, Recipient: t.Recipient,
			Requester: person{t.Requester.Name, t.Requester.Email}, EmailCCs: append([]string{}, t.EmailCCs...), Created: t.CreatedAt,
		}
		for _, c := range t.Comments {
			entry := comment{ID: c.ID, Author: c.Author.Email, HTML: c.HTML, Public: c.Public, Uploads: []file{}}
			for _, a := range c.Attachments {
				entry.Uploads = append(entry.Uploads, file{a.Name, a.Type, a.Size, a.SHA256})
			}
			out.Comments = append(out.Comments, entry)
		}
		list = append(list, out)
	}
	return list
}

// notes is what one server wrote down about its clients.
type notes struct {
	Unknown    []string `json:"unknown"`
	Violations []string `json:"violations"`
}

func (s *sandbox) notes() map[string]notes {
	list := func(of []string) []string { return append([]string{}, of...) } // [] in JSON, not null
	return map[string]notes{
		"graph":   {list(s.exchange.Unknown()), list(s.exchange.Violations())},
		"zendesk": {list(s.support.Unknown()), list(s.support.Violations())},
	}
}

// decode reads a small JSON body strictly: a misspelt field is an error.
func decode(r *http.Request, v any) error {
	d := json.NewDecoder(io.LimitReader(r.Body, 1<<20))
	d.DisallowUnknownFields()
	var wrong *json.UnmarshalTypeError
	switch err := d.Decode(v); {
	case errors.Is(err, io.EOF):
		return errors.New("the body is a JSON object; this one is empty")
	case errors.As(err, &wrong) && wrong.Field != "":
		return fmt.Errorf("%q cannot be a JSON %s", wrong.Field, wrong.Value)
	case errors.As(err, &wrong):
		return fmt.Errorf("the body is a JSON object, not a JSON %s", wrong.Value)
	case err != nil:
		return err
	case d.More():
		return errors.New("something follows the JSON object")
	}
	return nil
}

// faults adds a fault, or clears those of both servers when it is {}.
func (s *sandbox) faults(r *http.Request) (any, error) {
	var in struct {
		Server string `json:"server"`
		graphtest.Fault
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	switch in.Server {
	case "graph":
		return struct{}{}, s.exchange.Fault(in.Fault)
	case "zendesk":
		return struct{}{}, s.support.Fault(in.Fault)
	case "":
		if in.Fault != (graphtest.Fault{}) {
			return nil, errors.New(`"server" is "graph" or "zendesk"`)
		}
		s.exchange.ClearFaults()
		s.support.ClearFaults()
		return struct{}{}, nil
	}
	return nil, fmt.Errorf(`"server" is "graph" or "zendesk", not %q`, in.Server)
}

// signIn does what a person does who is shown a code by a device.
func (s *sandbox) signIn(r *http.Request) (any, error) {
	var in struct{ Code, User string }
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	return struct{}{}, s.exchange.EnterCode(in.Code, cmp.Or(in.User, s.exchange.Mailbox()))
}

// revoke does what an administrator does with "Revoke sessions", and does not wait
// for the hour in which access tokens would go on working.
func (s *sandbox) revoke(*http.Request) (any, error) {
	s.exchange.RevokeSignIns(s.exchange.Mailbox())
	s.exchange.ExpireTokens()
	return struct{}{}, nil
}

func (s *sandbox) clock(r *http.Request) (any, error) {
	var in struct {
		Advance string    `json:"advance"`
		Now     time.Time `json:"now"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if in.Advance != "" {
		d, err := time.ParseDuration(in.Advance)
		if err != nil {
			return nil, err
		}
		s.exchange.Advance(d)
		s.support.Advance(d)
	}
	if in.Advance == "" && in.Now.IsZero() {
		return nil, errors.New(`say how far: {"advance":"3h"} or {"now":"2026-11-22T10:00:00Z"}`)
	}
	if !in.Now.IsZero() {
		s.exchange.SetTime(in.Now)
		s.support.SetTime(in.Now)
	}
	s.stamp()
	return map[string]time.Time{"graph": s.exchange.Now(), "zendesk": s.support.Now()}, nil
}
