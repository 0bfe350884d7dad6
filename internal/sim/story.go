package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"
)

// entry is a line of the story.
type entry struct {
	at     time.Duration
	life   string
	op     operation
	item   string
	what   string
	status int
}

func (e entry) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%14s  ", e.at.Round(time.Millisecond))
	for _, s := range []string{e.life, e.item, string(e.op)} {
		if s != "" {
			b.WriteString(s + " ")
		}
	}
	b.WriteString(e.what)
	if e.status != 0 {
		fmt.Fprintf(&b, " %d", e.status)
	}
	return strings.TrimSpace(b.String())
}

// story is all that happened in a cell.
type story struct {
	lines []entry
	sum   hash.Hash
}

func (c *cell) tell(e entry) {
	e.at = time.Since(c.begun)
	c.story.lines = append(c.story.lines, e)
	if c.story.sum == nil {
		c.story.sum = sha256.New()
	}
	fmt.Fprintln(c.story.sum, int64(e.at), e.life, e.op, e.item, e.what, e.status)
}

// print writes what concerns one item, and what concerned all.
func (s *story) print(w io.Writer, item string) {
	const most = 80
	var lines []string
	for _, e := range s.lines {
		if e.item == item || e.item == "" && e.op == "" || strings.Contains(e.what, item) && item != "" {
			lines = append(lines, e.String())
		}
	}
	if len(lines) > most {
		lines = append(append(lines[:most/2], fmt.Sprintf("… %d more …", len(lines)-most)), lines[len(lines)-most/2:]...)
	}
	fmt.Fprintln(w, strings.Join(lines, "\n"))
}

// digest is the same for two runs in which the same happened.
func (s *story) digest() string {
	if s.sum == nil {
		return ""
	}
	return hex.EncodeToString(s.sum.Sum(nil)[:8])
}
