/* Sends the form that says so once more, so that a long piece of work goes on by itself. */
(function () {
  "use strict";

  var form = document.querySelector("form[data-simpul-again]");
  if (form) {
    window.setTimeout(function () { form.submit(); }, 300);
  }
})();
