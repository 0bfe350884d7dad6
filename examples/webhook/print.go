package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
)

// printMail shows a mail: of its header what people see and machines heed, its
// text, and its files by their names.
func printMail(out io.Writer, raw []byte) (mail.Header, error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"From", "To", "Subject", "In-Reply-To", "Auto-Submitted"} {
		fmt.Fprintf(out, "  %s: %s\n", name, m.Header.Get(name))
	}
	fmt.Fprintln(out)
	return m.Header, printPart(out, m.Header, m.Body)
}

func printPart(out io.Writer, h interface{ Get(string) string }, body io.Reader) error {
	kind, p, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return err
	}
	_, q, _ := mime.ParseMediaType(h.Get("Content-Disposition")) // there need be none
	if strings.EqualFold(h.Get("Content-Transfer-Encoding"), "base64") {
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	switch {
	case q["filename"] != "":
		_, err = fmt.Fprintf(out, "  (attached: %s)\n", q["filename"])
	case kind == "text/plain":
		var text []byte
		text, err = io.ReadAll(body)
		for line := range strings.Lines(strings.TrimSpace(string(text)) + "\n") {
			fmt.Fprintln(out, strings.TrimRight("  "+line, " \r\n"))
		}
	case strings.HasPrefix(kind, "multipart/"):
		for r := multipart.NewReader(body, p["boundary"]); err == nil; {
			var part *multipart.Part // quoted-printable is decoded
			if part, err = r.NextPart(); err == nil {
				err = printPart(out, part.Header, part)
			}
		}
		if err == io.EOF {
			err = nil
		}
	}
	return err
}
