package sim

// Old are the seeds of cells of 200 mails and 40 notifications that once failed,
// and why.
var Old = map[uint64]string{
	4:       "a label was taken away from the mail of a ticket that a replica did not know yet: two tickets",
	9:       "refused after a lost answer: rejected, and on a ticket",
	10:      "a ticket's audits did not show yet: taken for another mail's",
	63:      "a twin of a mail that was posted under its second key: two tickets",
	107:     "refused while another process made the ticket: rejected, and on a ticket",
	128:     "a draft was discarded by an attempt whose answer was lost: taken for sent",
	162:     "another process had gone on to its second key: two tickets",
	200227:  "a draft was left behind",
	200675:  "a draft that an earlier attempt had discarded was taken up again: never left",
	400062:  "a note of another process took the labels away: never looked at again",
	400249:  "a comment did not show yet, and the mail was placed anew, elsewhere: on two tickets",
	500050:  "the label of a ticket could not be written, of a mail that another process rejected: both",
	500150:  "categories were written that had been read minutes before: a person's was lost",
	2000341: "a comment whose answer was lost did not show, and the next attempt was refused: a ticket as well",
	4000586: "two copies of a mail whose ticket was deleted, at one time: a ticket each",
	5001320: "a new ticket did not show yet, half an hour after the answer to it was to become one: taken for deleted",
	5001742: "what a ticket that was too new did not show counted as nothing that went wrong",
}
