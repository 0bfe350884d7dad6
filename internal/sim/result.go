package sim

// Result counts what came of a run.
type Result struct {
	Seed          uint64 `json:"seed"`
	Mails         int    `json:"mails"`
	Tickets       int    `json:"tickets"`  // that were made of mails
	Comments      int    `json:"comments"` // likewise
	Rejected      int    `json:"rejected"`
	Held          int    `json:"held"` // once, at least
	Duplicates    int    `json:"duplicates"`
	Lost          int    `json:"lost"`
	Uploads       int    `json:"uploads"`        // files
	Unused        int    `json:"unused_uploads"` // of them, that no comment has
	Notifications int    `json:"notifications"`
	SentOnce      int    `json:"sent_once"`
	SentTwice     int    `json:"sent_twice"`
	Unsent        int    `json:"unsent"`
	Withheld      int    `json:"withheld"`   // since their tickets were closed meanwhile
	Events        int    `json:"events"`     // that a webhook told, each time
	Told          int    `json:"told"`       // notifications that a webhook was to tell of
	Overlooked    int    `json:"overlooked"` // of them, that were found by looking
	Violations    int    `json:"violations"`
	Deaths        int    `json:"deaths"`
	Faults        int    `json:"faults"`
	Requests      int    `json:"requests"`
	Cells         int    `json:"cells"`
	Differ        int    `json:"differ,omitempty"` // cells that did something else when they were run again
}

// Add adds what came of another run.
func (r *Result) Add(o *Result) {
	r.Mails += o.Mails
	r.Tickets += o.Tickets
	r.Comments += o.Comments
	r.Rejected += o.Rejected
	r.Held += o.Held
	r.Duplicates += o.Duplicates
	r.Lost += o.Lost
	r.Uploads += o.Uploads
	r.Unused += o.Unused
	r.Notifications += o.Notifications
	r.SentOnce += o.SentOnce
	r.SentTwice += o.SentTwice
	r.Unsent += o.Unsent
	r.Withheld += o.Withheld
	r.Events += o.Events
	r.Told += o.Told
	r.Overlooked += o.Overlooked
	r.Violations += o.Violations
	r.Deaths += o.Deaths
	r.Faults += o.Faults
	r.Requests += o.Requests
	r.Cells += o.Cells
	r.Differ += o.Differ
}
