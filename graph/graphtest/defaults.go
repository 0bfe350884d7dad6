package graphtest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

func (o *Options) withDefaults() Options {
	var v Options
	if o != nil {
		v = *o
	}
	if v.Mailbox == "" {
		v.Mailbox = "support@contoso.test"
	}
	if v.PageSize <= 0 || v.PageSize > maxTop {
		v.PageSize = maxTop
	}
	if v.EmptyPages == 1 {
		v.EmptyPages = 2
	}
	if v.TokenLife <= 0 {
		v.TokenLife = time.Hour
	}
	if v.Seed == 0 {
		v.Seed = 1
	}
	if v.InFlight == 0 {
		v.InFlight = 4
	}
	if v.Budget == 0 {
		v.Budget = 10_000
	}
	if v.Scope == "" {
		v.Scope = "https://graph.microsoft.com/.default"
	}
	if v.Permissions == nil {
		v.Permissions = allPermissions
	}
	v.Permissions = slices.Clone(v.Permissions)
	if v.Delegated == nil {
		v.Delegated = []string{"Mail.ReadWrite", "Mail.Send", "MailboxSettings.ReadWrite", "User.Read"}
	}
	v.Delegated, v.Redirects = slices.Clone(v.Delegated), slices.Clone(v.Redirects)
	if v.Admin == "" {
		v.Admin = "admin" + v.Mailbox[max(strings.LastIndexByte(v.Mailbox, '@'), 0):]
	}
	setDefault(&v.RefreshLife, 90*24*time.Hour)
	setDefault(&v.DeviceInterval, 5*time.Second)
	v.DeviceInterval = max(v.DeviceInterval.Truncate(time.Second), time.Second)
	if v.DuplicateCategory == 0 {
		v.DuplicateCategory = http.StatusConflict
	}
	if v.DuplicateFolder == 0 {
		v.DuplicateFolder = http.StatusConflict
	}
	if v.LimitStatus == 0 {
		v.LimitStatus = http.StatusTooManyRequests
	}
	v.LostOnWire = slices.Clone(v.LostOnWire)
	setDefault(&v.MaxRecipients, 500)
	setDefault(&v.DailyRecipients, 10_000)
	setDefault(&v.MaxMessage, 35<<20)
	setDefault(&v.MaxRequest, 4_000_000)
	setDefault(&v.MinUpload, 3_000_000)
	setDefault(&v.UploadBudget, 150_000_000)
	setDefault(&v.UploadLife, time.Hour)
	return v
}

func setDefault[T int | int64 | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}
