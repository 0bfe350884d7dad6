package main

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/exdesk/exdesk"
)

// state is how the work goes.
type state string

const (
	starting state = "starting" // nothing was seen yet
	working  state = "working"
	trouble  state = "trouble"
	stopping state = "stopping"
)

const (
	// alertEvery is how often the log is told of trouble that goes on.
	alertEvery = 24 * time.Hour
	// patience is how long mails may wait because of errors of their own, while
	// none succeeds, before that is trouble.
	patience = 10 * time.Minute
	// hung is after how long without any step the work counts as dead: a mail of
	// 150 MB takes less on any line that is worth the name.
	hung = 30 * time.Minute
)

// watch is the state of the work, since when it is so, and why. It tells the log
// when trouble begins, once a day while it lasts, and when it ends.
type watch struct {
	log    *slog.Logger
	status func() exdesk.Status
	change func(state, string) // hears of a change; must not call the watch

	mu     sync.Mutex
	state  state
	since  time.Time
	reason string    // of trouble
	told   time.Time // when the log was told of it last
	good   time.Time // when something succeeded last; first, when it began
	step   time.Time // when the last step ended
}

func newWatch(log *slog.Logger, change func(state, string)) *watch {
	now := time.Now()
	return &watch{log: log, change: change, state: starting, since: now, good: now, step: now}
}

// saw hears of a step of the work that ended.
func (w *watch) saw(s exdesk.Step) {
	var now exdesk.Status
	if s.Name == "ingest" {
		now = w.status()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.step = time.Now()
	switch {
	case s.Name == "mail" && s.Err == nil, s.Name == "ingest" && fine(&now):
		w.good = w.step
		w.enter(working, "")
	case s.Name != "ingest":
	case now.Failures > 0:
		w.enter(trouble, now.LastError.Error())
	case w.step.Sub(w.good) >= patience:
		w.enter(trouble, fmt.Sprintf("%d mails wait, and none has come through since %s: %s", now.Waiting, w.good.UTC().Format(time.RFC3339), now.LastError))
	}
}

// fine reports whether a pass did all there was to do. Mail that the store cannot
// show is for its administrator, and harms no other.
func fine(s *exdesk.Status) bool {
	return s.Failures == 0 && (s.LastError == nil || s.Waiting == 0 && errors.Is(s.LastError, exdesk.ErrDamaged))
}

// tick looks at the time: it is to be called every few seconds. It reports
// whether the work is alive.
func (w *watch) tick() bool {
	alive := w.alive()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !alive {
		w.enter(trouble, "the work has hung since "+w.step.UTC().Format(time.RFC3339)+": start it again")
	}
	if now := time.Now(); w.state == trouble && now.Sub(w.told) >= alertEvery {
		w.told = now
		w.log.Error("still not working", "since", w.since.UTC().Format(time.RFC3339), "for", now.Sub(w.since).Round(time.Second).String(), "reason", w.reason)
	}
	return alive
}

// alive reports whether anything happens, or a pause goes on.
func (w *watch) alive() bool {
	next := w.status().NextPass
	w.mu.Lock()
	defer w.mu.Unlock()
	last := w.step
	if next.After(last) {
		last = next
	}
	return time.Since(last) < hung
}

// stop says that it is to end.
func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.enter(stopping, "")
}

// enter is the one way into a state. There is none out of stopping.
func (w *watch) enter(to state, reason string) {
	from, now := w.state, time.Now()
	if from == stopping {
		return
	}
	if w.reason = reason; from == to {
		return
	}
	lasted := now.Sub(w.since).Round(time.Second).String()
	w.state, w.since = to, now
	switch {
	case to == trouble:
		w.told = now
		w.log.Error("not working", "reason", reason)
	case to == working && from == trouble:
		w.log.Info("working again", "lasted", lasted)
	case to == working:
		w.log.Info("working")
	}
	if w.change != nil {
		w.change(to, reason)
	}
}

// look returns the state, since when it is so, and why.
func (w *watch) look() (state, time.Time, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state, w.since, w.reason
}
