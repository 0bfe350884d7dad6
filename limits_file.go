package exdesk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// LimitFile is a Limiter that keeps in a file what another one has granted, so
// that a restart does not forget it. Only what goes through it is kept. Make it
// with OpenLimits.
//
// Each grant is one line that is appended before Reserve returns, each Commit
// and Cancel another; the file is written anew when it has grown to double its
// size, and by Close. The end of the process, by whatever signal, forgets
// nothing: what was reserved and not committed counts as if the server had
// heard it half a minute after the next start. The loss of power may forget what
// was granted in the last second or two, as long as the disk keeps its word.
//
// One process at a time keeps a file. When another one opens it, as a new
// version does while the old one still drains, what the old one has granted is
// taken over, and it is granted nothing more.
//
// A file that cannot be written grants nothing: Reserve returns an error that
// is an ErrTemporary, and tries again each time.
type LimitFile struct {
	path   string
	limits Limiters

	turn    chan struct{} // held by whoever uses what follows; a mutex would not end with ctx
	file    *os.File      // open for appending; nil if it has to be written anew
	info    os.FileInfo   // of file
	open    map[int64]record
	last    int64 // id of a record
	size    int64 // of the file
	base    int64 // of the file when it was written anew
	pending bool  // tend will be called
	closed  bool
}

const (
	// tended is how often a file that is used is synced, and may be written anew.
	tended = time.Second
	// unfinished is how the name of a file ends that is not yet the one at its
	// path, and abandoned how old it is when nobody can still be writing it.
	unfinished = ".new"
	abandoned  = 10 * time.Minute
	// roomy is up to what growth it is not worth writing a file anew.
	roomy = 64 << 10
)

// OpenLimits restores what the file at path holds into the *Windows of limiter
// and returns a Limiter that keeps it. A file that is not there is made, with
// mode 0600; its directory has to be there. A file that is damaged is an error
// and stays as it is.
func OpenLimits(path string, limiter Limiter) (*LimitFile, error) {
	f := &LimitFile{path: path, limits: Limiters{limiter}, turn: make(chan struct{}, 1), open: make(map[int64]record)}
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("exdesk: opening the limits: %w", err)
	}
	if err := f.restore(data); err != nil {
		return nil, err
	}
	if err := f.rewrite(); err != nil {
		return nil, fmt.Errorf("exdesk: opening the limits: %w", err)
	}
	f.tidy()
	return f, nil
}

// tidy removes what was left by a process that died while it wrote the file anew.
func (f *LimitFile) tidy() {
	entries, _ := os.ReadDir(filepath.Dir(f.path)) // it does no harm
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), filepath.Base(f.path)+".")
		if info, err := e.Info(); ours && strings.HasSuffix(rest, unfinished) && err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > abandoned {
			os.Remove(filepath.Join(filepath.Dir(f.path), e.Name()))
		}
	}
}

// Reserve implements Limiter.
func (f *LimitFile) Reserve(ctx context.Context, mailbox string, cost Cost) (Reservation, error) {
	slot, err := f.limits.Reserve(ctx, mailbox, cost)
	if err != nil {
		return nil, err
	}
	select {
	case f.turn <- struct{}{}:
		defer f.release()
	case <-ctx.Done():
		slot.Cancel()
		return nil, context.Cause(ctx)
	}
	f.last++
	r := record{Op: "take", ID: f.last, Mailbox: mailbox, Cost: cost.numbers()}
	f.open[r.ID] = r
	if err = f.taken(); err == nil {
		err = f.note(r)
	}
	if err != nil {
		delete(f.open, r.ID)
		slot.Cancel()
		return nil, fmt.Errorf("exdesk: nothing is granted that cannot be kept: %w: %w", err, ErrTemporary)
	}
	return &keptSlot{slot, f, r.ID}, nil
}

func (f *LimitFile) release() { <-f.turn }

// Spend is Limiters.Spend.
func (f *LimitFile) Spend(mailbox string, cost Cost, at time.Time) {
	f.turn <- struct{}{}
	defer f.release()
	if cost.negative() {
		return
	}
	f.limits.Spend(mailbox, cost, at)
	now := time.Now()
	f.tell(record{Op: "spend", Mailbox: mailbox, Cost: cost.numbers(), At: millis(earlier(at, now), now)})
}

// Stop is Limiters.Stop.
func (f *LimitFile) Stop(mailbox string, until time.Time) {
	f.turn <- struct{}{}
	defer f.release()
	f.limits.Stop(mailbox, until)
	now := time.Now()
	r := record{Op: "stop", Mailbox: mailbox, At: now.UnixMilli()}
	if !until.IsZero() {
		r.Until = max(1, millis(until, now)) // 0 lifts
	}
	f.tell(r)
}

func (f *LimitFile) peek(mailbox string, cost Cost) *LimitError { return f.limits.peek(mailbox, cost) }

// Close writes the file anew and closes it; Reserve fails from then on. What
// is open stays open in the file.
func (f *LimitFile) Close() error {
	f.turn <- struct{}{}
	defer f.release()
	if f.closed {
		return nil
	}
	err := f.taken()
	if err == nil {
		err = f.rewrite()
	}
	f.closed = true
	if f.file != nil {
		err = errors.Join(err, f.file.Close())
	}
	if err != nil {
		return fmt.Errorf("exdesk: closing the limits: %w", err)
	}
	return nil
}

// keptSlot is a reservation that stands in the file.
type keptSlot struct {
	slot Reservation
	f    *LimitFile
	id   int64
}

func (s *keptSlot) Commit() { s.end("done", s.slot.Commit) }

func (s *keptSlot) Cancel() { s.end("undo", s.slot.Cancel) }

// end settles the reservation while nobody writes the file anew, so that it is
// there once.
func (s *keptSlot) end(op string, settle func()) {
	s.f.turn <- struct{}{}
	defer s.f.release()
	settle()
	if _, ok := s.f.open[s.id]; !ok {
		return
	}
	delete(s.f.open, s.id)
	r := record{Op: op, ID: s.id}
	if op == "done" {
		now := time.Now()
		r.At = millis(now, now)
	}
	s.f.tell(r)
}

// tell notes what has happened, if that can be. If not, the next grant has to
// write the file anew. The turn is held.
func (f *LimitFile) tell(r record) {
	if !f.closed && f.file != nil {
		_ = f.append(r)
	}
}

// note appends a line, or writes everything anew, the line included. The turn
// is held.
func (f *LimitFile) note(r record) error {
	if f.file != nil && f.append(r) == nil {
		return nil
	}
	return f.rewrite()
}

func (f *LimitFile) append(r record) error {
	n, err := f.file.Write(r.line())
	if f.size += int64(n); err != nil {
		f.abandon() // it may end in half a line
		return err
	}
	if !f.pending {
		f.pending = true
		time.AfterFunc(tended, f.tend)
	}
	return nil
}

// abandon makes the next grant write the file anew.
func (f *LimitFile) abandon() {
	if f.file != nil {
		f.file.Close()
		f.file = nil
	}
}

// tend brings to the disk what was appended, and writes the file anew when
// most of it is history.
func (f *LimitFile) tend() {
	f.turn <- struct{}{}
	f.pending = false
	file := f.file
	if !f.closed && f.size-f.base > max(f.base, roomy) && f.taken() == nil && f.rewrite() == nil {
		file = nil
	}
	if f.closed {
		file = nil
	}
	f.release()
	if file == nil {
		return
	}
	if err := file.Sync(); err != nil && !errors.Is(err, os.ErrClosed) {
		f.turn <- struct{}{}
		defer f.release()
		if f.file == file {
			f.abandon()
		}
	}
}

// taken returns an error if the file is not to be used any more.
func (f *LimitFile) taken() error {
	if f.closed {
		return fmt.Errorf("the limits in %s: %w", f.path, os.ErrClosed)
	}
	info, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.abandon() // somebody has removed it, but what was sent was sent
		return nil
	case err != nil:
		return err
	case !os.SameFile(info, f.info):
		return fmt.Errorf("another process keeps its limits in %s now: only one at a time can", f.path)
	}
	return nil
}

// rewrite replaces the file by one that holds what the windows hold, and what
// is open. The turn is held.
func (f *LimitFile) rewrite() (err error) {
	data := append(f.limits.state(false), '\n')
	for _, r := range f.open {
		data = append(data, r.line()...)
	}
	temp, err := os.CreateTemp(filepath.Dir(f.path), filepath.Base(f.path)+".*"+unfinished) // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(temp.Name())
		}
	}()
	_, err = temp.Write(data)
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	f.abandon() // some systems do not replace a file that is open
	if err = os.Rename(temp.Name(), f.path); err != nil {
		return err
	}
	if dir, err := os.Open(filepath.Dir(f.path)); err == nil {
		_ = dir.Sync() // so that the name lasts; some systems cannot
		dir.Close()
	}
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	if f.info, err = file.Stat(); err != nil {
		file.Close()
		return err
	}
	f.file, f.size, f.base = file, int64(len(data)), int64(len(data))
	return nil
}

// restore takes over what a file holds, or nothing of it.
func (f *LimitFile) restore(data []byte) error {
	windows, _ := f.limits.split()
	s, records, err := parseFile(data)
	if err != nil {
		var longest time.Duration
		for _, w := range windows {
			longest = max(longest, w.Per)
		}
		return fmt.Errorf("exdesk: the limits in %s are damaged: %w: put a backup in its place; or remove the file, "+
			"and what was sent in the last %s is forgotten unless Spend is told", f.path, err, longest)
	}
	for _, w := range windows {
		w.restore(s)
		w.replay(records)
	}
	return nil
}
