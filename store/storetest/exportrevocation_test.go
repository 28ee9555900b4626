package storetest

// RevocationCases are the cases by name.
var RevocationCases = byName(revocationCases)
