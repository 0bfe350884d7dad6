package contracts_test

var graphDeviations = []deviation{}
