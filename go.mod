module github.com/gosplice/gosplice

go 1.25
