package contracts_test

var zendeskDeviations = []deviation{}
