package zendesk

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

const onAddress = "address"

// addresses looks who or what has the mailbox's addresses in the account, which
// should be nobody and at most one support address.
func (k *checking) addresses(ctx context.Context) {
	all := append([]string{k.setup.Address}, k.setup.Aliases...)
	free := 0
	for _, a := range all {
		p, err := k.lookup(ctx, a)
		unknown := "it could not be found out who has the address " + a
		if errors.Is(err, exdesk.ErrAccess) && !errors.Is(err, errNamesakes) && !errors.Is(err, errFurther) {
			k.forbidden(ctx, onAddress, exdesk.Failure, "it cannot be found out who has an address", "users:read", "add users:read or read to the scopes of the token")
			break
		}
		switch {
		case errors.Is(err, errNamesakes):
			k.add(onAddress, exdesk.Unknown, unknown+": "+errNamesakes.Error(), "search Zendesk for the address: nobody may have it")
		case errors.Is(err, errFurther):
			// Whom the search found has it as a further one, or one that it is a part of.
			k.add(onAddress, exdesk.Unknown, unknown+": "+errFurther.Error(), "search Zendesk for the address: nobody may have it; or add the scope read to the token and check again")
		case err != nil:
			k.trouble(onAddress, unknown, err)
		case p == nil:
			free++
		case p.Role != "end-user":
			k.add(onAddress, exdesk.Failure, "the address "+a+" is an agent's: mail from and to it would count as that agent's",
				"give the agent another address in Zendesk's Admin Center, and take this one away from him")
		case !strings.EqualFold(p.Email, a):
			k.add(onAddress, exdesk.Failure, "the address "+a+" is an end user's further address: answers to that user may be sent to the mailbox itself",
				"take the address away from that user in Zendesk")
		default:
			k.add(onAddress, exdesk.Failure, "the address "+a+" is an end user's: answers to that user would be sent to the mailbox itself",
				"delete that user in Zendesk if it is no person, or else give that person another address and take this one away")
		}
	}
	if free == len(all) {
		k.add(onAddress, exdesk.Good, "the mailbox's address is no user's", "")
	}
	k.support(ctx, all)
}

// support looks for the addresses among the account's own ("Support addresses").
func (k *checking) support(ctx context.Context, all []string) {
	list, err := k.supportAddresses(ctx)
	switch {
	case errors.Is(err, exdesk.ErrAccess):
		k.forbidden(ctx, onAddress, exdesk.Warning, "the account's support addresses cannot be read: mail from them is not told apart", "account_settings:read", "add the scope read to the token, or account_settings:read")
		return
	case err != nil:
		k.trouble(onAddress, "the account's support addresses could not be read", err)
		return
	}
	for i, address := range all {
		at := slices.IndexFunc(list, func(a supportAddress) bool { return strings.EqualFold(a.Email, address) })
		switch {
		case at >= 0 && list[at].Forwarding == "verified":
			k.add(onAddress, exdesk.Warning, "Zendesk has verified that mail to "+address+" is forwarded to it: each mail would become two tickets",
				"switch the forwarding off in Exchange, and any other connection of the address in Zendesk. Zendesk's word stays as it is until it verifies again")
		case at >= 0:
			k.add(onAddress, exdesk.Good, address+" is a support address of the account: answers can leave from it, once Zendesk has verified it", "")
		case i == 0:
			k.add(onAddress, exdesk.Note, address+" is no support address of the account: Zendesk's notifications leave from another address",
				"add it in Zendesk's Admin Center if they are to leave from it")
		}
	}
}

// supportAddress is one of the account's own addresses.
type supportAddress struct {
	Email      string `json:"email"`
	Forwarding string `json:"forwarding_status"` // unknown, waiting, verified or failed
}

func (c *Client) supportAddresses(ctx context.Context) ([]supportAddress, error) {
	var list []supportAddress
	req := &rest.Request{Op: "read support addresses", Path: []string{"recipient_addresses"}, Query: "page%5Bsize%5D=100"}
	for n := 0; req != nil && n < 40; n++ { // Zendesk allows 3,000
		var out struct {
			Addresses []supportAddress `json:"recipient_addresses"`
			paging
		}
		if _, err := c.do(ctx, req, &out); err != nil {
			return nil, err
		}
		if out.Addresses == nil {
			return nil, another(req.Op, "a list of addresses")
		}
		list = append(list, out.Addresses...)
		req = out.next(req.Op)
	}
	return list, nil
}
