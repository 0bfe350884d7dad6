package exdesk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

func TestStateIsRestored(t *testing.T) {
	var state []byte
	synctest.Test(t, func(t *testing.T) {
		l := exdesk.RelayLimits()
		time.Sleep(48 * time.Hour)
		require.NoError(t, take(t, l, one(10, 1000)))
		time.Sleep(23 * time.Hour)
		require.NoError(t, take(t, l, one(20, 2000)))
		_, err := l.Reserve(t.Context(), box, one(30, 3000))
		require.NoError(t, err, "and it is never committed")
		gone, err := l.Reserve(t.Context(), box, one(40, 1))
		require.NoError(t, err)
		gone.Cancel()
		time.Sleep(10 * time.Second)
		state = l.State()

		time.Sleep(time.Minute) // the process is down
		again := exdesk.RelayLimits()
		again.Stop("sales@contoso.test", time.Now().Add(time.Hour))
		require.NoError(t, take(t, again, one(1, 1)))
		require.NoError(t, again.Restore(state))
		used := func(i int) exdesk.Cost { return again[i].(*exdesk.Windows).Used(box) }
		require.Equal(t, one(1, 1), used(0))
		require.Equal(t, exdesk.Cost{Messages: 3, Bytes: 51, Recipients: 5001}, used(1))
		require.Equal(t, exdesk.Cost{Messages: 4, Bytes: 61, Recipients: 6001}, used(2))
		time.Sleep(59 * time.Minute)
		require.Equal(t, exdesk.Cost{Messages: 3, Bytes: 51, Recipients: 5001}, used(2), "23 hours and so on")
		time.Sleep(23*time.Hour + time.Minute)
		require.Zero(t, used(2))

		single := &exdesk.Windows{Most: exdesk.Cost{Recipients: 10_000}, Per: 48 * time.Hour}
		require.NoError(t, single.Restore(state))
		require.Equal(t, 6000, single.Used(box).Recipients, "of a shorter window, for want of a longer one")
		single = &exdesk.Windows{Per: 10 * time.Hour}
		require.NoError(t, single.Restore(again.State()))
		require.NoError(t, single.Restore(nil))
		require.Zero(t, single.Used(box))
		require.NoError(t, single.Restore(single.State()))
	})
	// In a new bubble it is three days earlier.
	synctest.Test(t, func(t *testing.T) {
		l := exdesk.RelayLimits()
		require.NoError(t, l.Restore(state))
		require.Equal(t, 6000, l[2].(*exdesk.Windows).Used(box).Recipients, "nothing counts from later than now")
		time.Sleep(24*time.Hour - time.Nanosecond)
		require.Equal(t, 6000, l[2].(*exdesk.Windows).Used(box).Recipients)
		time.Sleep(time.Nanosecond)
		require.Zero(t, l[2].(*exdesk.Windows).Used(box))
	})
}

func TestStopIsRestored(t *testing.T) {
	var state []byte
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(48 * time.Hour)
		w := new(exdesk.Windows)
		w.Stop(box, time.Now().Add(time.Hour))
		time.Sleep(10 * time.Minute)
		state = w.State()
		time.Sleep(20 * time.Minute)
		again := exdesk.RelayLimits()
		require.NoError(t, again.Restore(state))
		refused(t, again, one(1, 1), "the server itself", 30*time.Minute)
	})
	synctest.Test(t, func(t *testing.T) {
		again := exdesk.RelayLimits()
		require.NoError(t, again.Restore(state))
		refused(t, again, one(1, 1), "the server itself", 50*time.Minute) // and not for two days more
	})
}

func TestStateOfAnotherKind(t *testing.T) {
	w := &exdesk.Windows{Most: exdesk.Cost{Messages: 1}, Per: time.Hour}
	for _, bad := range []string{
		`{`, `[]`, `{}`, `{"exdesk":"tokens"}`, `{"exdesk":"limits","version":2}`,
		`{"exdesk":"limits","windows":[{"per":"an hour"}]}`,
		`{"exdesk":"limits","windows":[{"per":"1h","mailboxes":{"a":{"spent":[[1,2,3]]}}}]}`,
		`{"exdesk":"limits","windows":[{"per":"1h","mailboxes":{"a":{"spent":[[9999999999999,1,0,0],[1,2,3,-4]]}}}]}`,
		`{"exdesk":"limits","windows":[{"per":"1h","mailboxes":{"a":{"spent":[null]}}}]}`,
	} {
		require.ErrorContains(t, w.Restore([]byte(bad)), "exdesk: the state of limits cannot be restored: ", bad)
		require.Zero(t, w.Used("a"))
	}
	require.NoError(t, w.Restore([]byte(`{"exdesk":"limits","windows":[{"per":"1h","mailboxes":{"a":{"spent":[[9223372036854775807,9223372036854775807,0,0]]}}}]}`)))
	require.Equal(t, 1, w.Used("a").Messages)
	long := &exdesk.Windows{Per: 2 * time.Hour}
	require.NoError(t, long.Restore([]byte(`{"exdesk":"limits","windows":[{"per":"24h","mailboxes":{"a":{"spent":[[9999999999999,24,0,0]]}}},`+
		`{"per":"3h","mailboxes":{"a":{"spent":[[9999999999999,3,0,0]]}}},{"per":"1h","mailboxes":{"a":{"spent":[[9999999999999,1,0,0]]}}}]}`)))
	require.Equal(t, 3, long.Used("a").Messages, "of the next longer one")
	require.True(t, json.Valid(exdesk.Limiters{exdesk.Unlimited}.State()))
}

func ExampleWindows_State() {
	limits := func() *exdesk.Windows {
		return &exdesk.Windows{Most: exdesk.Cost{Recipients: 10_000}, Per: 24 * time.Hour}
	}
	before := limits()
	slot, _ := before.Reserve(context.Background(), "support@contoso.com", exdesk.Cost{Messages: 1, Recipients: 12})
	slot.Commit()
	state := before.State() // into the database, at the end of the process

	after := limits()
	if err := after.Restore(state); err != nil {
		fmt.Println(err)
	}
	fmt.Println(after.Used("support@contoso.com").Recipients)
	// Output: 12
}
