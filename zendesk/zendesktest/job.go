package zendesktest

import (
	"net/http"
	"time"
)

// job is work that the account does later. Here it is done at once, and only
// says that it is not.
// https://developer.zendesk.com/api-reference/ticketing/ticket-management/job_statuses/
type job struct {
	id      string
	done    time.Time
	results []object
}

// jobLife is how long the outcome of a job can be asked for.
const jobLife = 24 * time.Hour

func (s *Server) addJob(results []object) *job {
	j := &job{id: secretText()[:32], done: s.now(), results: results}
	s.jobs[j.id] = j
	return j
}

func (c *call) job(j *job, status string) object {
	o := object{
		"id": j.id, "url": c.url("/api/v2/job_statuses/%s.json", j.id), "total": len(j.results),
		"progress": nil, "status": status, "message": nil, "results": nil,
	}
	if status == "completed" {
		o["progress"], o["message"], o["results"] = len(j.results), "Completed at "+j.done.Format("2006-01-02 15:04:05 -0700"), j.results
	}
	return object{"job_status": o}
}

func (s *Server) showJob(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.jobs[c.vars["id"]]
	if j == nil || s.now().Sub(j.done) > jobLife {
		return notFound()
	}
	return reply(http.StatusOK, c.job(j, "completed"))
}
