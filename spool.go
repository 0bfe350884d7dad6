package exdesk

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

const (
	// inMemory is how much of a notification is kept in memory when its reader
	// can be read only once.
	inMemory = 1 << 20
	// maxOutbound is the largest mail that an Exchange Online mailbox can be set
	// up to send ("Exchange Online limits", message size).
	maxOutbound = 150 << 20
)

// spool is a notification that can be read again.
type spool struct {
	io.ReaderAt
	size int64
	file *os.File // to be deleted; nil if there is none
}

// newSpool keeps what r has. Lines of a mail that end in LF alone are ended as
// RFC 5322 §2.1 wants them.
func newSpool(r io.Reader) (*spool, error) {
	if r == nil {
		return nil, refuse("it has no octets")
	}
	at, random := r.(io.ReaderAt)
	if s, ok := r.(io.Seeker); ok && random {
		start, err1 := s.Seek(0, io.SeekCurrent)
		end, err2 := s.Seek(0, io.SeekEnd)
		if err1 == nil && err2 == nil && end >= start {
			section := io.NewSectionReader(at, start, end-start)
			if _, err := s.Seek(start, io.SeekStart); err != nil { // for another call
				return nil, fmt.Errorf("exdesk: reading the notification: %w", err)
			}
			if unix, err := endsInLF(section); err != nil || !unix {
				return &spool{ReaderAt: section, size: end - start}, err
			}
			r = section
		}
	}
	return copySpool(r)
}

// endsInLF reports whether the first line ends in LF alone.
func endsInLF(at io.ReaderAt) (bool, error) {
	head := make([]byte, 4<<10)
	n, err := at.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return false, fmt.Errorf("exdesk: reading the notification: %w", err)
	}
	i := bytes.IndexByte(head[:n], '\n')
	return i == 0 || i > 0 && head[i-1] != '\r', nil
}

func copySpool(r io.Reader) (*spool, error) {
	r = io.LimitReader(r, maxOutbound+1)
	head, err := io.ReadAll(io.LimitReader(r, inMemory))
	if err != nil {
		return nil, fmt.Errorf("exdesk: reading the notification: %w", err)
	}
	if i := bytes.IndexByte(head, '\n'); i == 0 || i > 0 && head[i-1] != '\r' {
		r = &lineEnds{r: io.MultiReader(bytes.NewReader(head), r)}
		if head, err = io.ReadAll(io.LimitReader(r, inMemory)); err != nil {
			return nil, fmt.Errorf("exdesk: reading the notification: %w", err)
		}
	}
	if len(head) < inMemory {
		return &spool{ReaderAt: bytes.NewReader(head), size: int64(len(head))}, nil
	}
	f, err := os.CreateTemp("", "exdesk-")
	if err != nil {
		return nil, fmt.Errorf("exdesk: keeping the notification: %w", err)
	}
	s := &spool{ReaderAt: f, file: f}
	_ = os.Remove(f.Name()) // where that is possible, nobody else opens it and nothing is left of it
	s.size, err = io.Copy(f, io.MultiReader(bytes.NewReader(head), r))
	if err == nil && s.size > maxOutbound {
		err = ErrTooLarge
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("exdesk: keeping the notification: %w", err)
	}
	return s, nil
}

func (s *spool) close() {
	if s.file != nil {
		_ = s.file.Close()
		_ = os.Remove(s.file.Name())
	}
}

// lineEnds makes CRLF of LF.
type lineEnds struct {
	r    io.Reader
	in   [16 << 10]byte
	out  bytes.Buffer
	last byte
	err  error
}

func (l *lineEnds) Read(p []byte) (int, error) {
	for l.out.Len() == 0 {
		if l.err != nil {
			return 0, l.err
		}
		var n int
		n, l.err = l.r.Read(l.in[:])
		for _, b := range l.in[:n] {
			if b == '\n' && l.last != '\r' {
				l.out.WriteByte('\r')
			}
			l.out.WriteByte(b)
			l.last = b
		}
	}
	return l.out.Read(p)
}

// readHeader returns the header of the notification, its blank line included.
func (s *spool) readHeader() ([]byte, error) {
	head, err := readHeader(io.NewSectionReader(s, 0, s.size))
	switch {
	case err != nil && s.size >= maxHeader:
		return nil, refuse("its header has more than 256 KB, or cannot be read")
	case err != nil:
		return nil, fmt.Errorf("exdesk: reading the notification: %w", err)
	case !bytes.HasSuffix(head, []byte("\r\n\r\n")):
		return nil, refuse("no blank line ends its header")
	}
	return head, nil
}

// maxHeader is what Exchange Online takes of a header ("Exchange Online
// limits", message header size).
const maxHeader = 256 << 10

// refuse is an error of what can never leave as it is.
func refuse(format string, args ...any) error {
	return &outboundError{fmt.Sprintf(format, args...)}
}

type outboundError struct{ reason string }

func (e *outboundError) Error() string        { return "exdesk: the notification is refused: " + e.reason }
func (e *outboundError) Is(target error) bool { return target == ErrRefused }
