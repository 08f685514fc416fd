module program

go 1.25

require github.com/gosplice/gosplice v0.0.0

replace github.com/gosplice/gosplice => ../../../..
