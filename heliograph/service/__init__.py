"""The kit for analysis services: a function with types becomes a service of Heliograph or SkyPortal.

::

    from heliograph.service import Photometry, Result, Service

    service = Service("Point counter", version="1.0")

    @service.analysis
    def count(photometry: Photometry, *, significance: float = 5.0) -> Result:
        return Result(results={"n": len(photometry.detections(significance))})

What an author uses:

- analysis_service: `Service`, its declaration and its decorator
- declared_function, declared_parameters, docstring_sections: what a signature and its docstring declare
- parameter_tables: `ParameterTable`, parameters that an author declares and checks
- light_curve_input, spectrum_input, remark_inputs: the inputs, `Photometry`, `Spectra`, `Redshift` and others
- parameter_values: `File` and `Secret`
- service_result, result_values, result_files: `Result` and the document that is called back
- service_registration: `register` a service in a portal
- local_trial: `try_locally` on a source of a portal, without registering anything
- service_files: load a service from its file

What serves it:

- http_service: `serve` by HTTP: take, store, acknowledge
- request_admission, signature_checks: which requests are taken
- payload_contents, csv_rows, python_literals: a payload, checked
- spool: analyses on disk, until they are called back
- analysis_pool: waiting, running and delivering in threads
- supervised_run, analysis_process, worker_preload: one analysis in a process of its own
- analysis_run: from a payload to a document, in this process
- progress_reports, document_delivery, portal_requests: reports, callbacks, uploads; to portals named at start alone
- public_requests: the same to any public address, for a service whose portals are not known
- lambda_entry, lambda_batches, lambda_storage, lambda_files: the same service on AWS Lambda, behind a queue
- json_logs: logs, one object a line
"""

from heliograph.errors import AnalysisError, CancelledError, InputError
from heliograph.service.analysis_service import Service
from heliograph.service.http_service import serve
from heliograph.service.lambda_files import write_lambda_files
from heliograph.service.light_curve_input import Photometry
from heliograph.service.local_trial import try_locally
from heliograph.service.parameter_tables import ParameterTable
from heliograph.service.parameter_values import File, Secret
from heliograph.service.progress_reports import Progress
from heliograph.service.remark_inputs import Annotations, Classifications, Comments, Redshift, Target
from heliograph.service.service_files import load_service
from heliograph.service.service_registration import register
from heliograph.service.service_result import Result
from heliograph.service.spectrum_input import Spectra

__all__ = [
    "AnalysisError",
    "Annotations",
    "CancelledError",
    "Classifications",
    "Comments",
    "File",
    "InputError",
    "ParameterTable",
    "Photometry",
    "Progress",
    "Redshift",
    "Result",
    "Secret",
    "Service",
    "Spectra",
    "Target",
    "load_service",
    "register",
    "serve",
    "try_locally",
    "write_lambda_files",
]
