"""The files by which a service becomes a container Lambda behind a queue: Dockerfile, handler, template."""

import shutil
from pathlib import Path
from string import Template

from heliograph import __version__
from heliograph.errors import ArgumentError
from heliograph.service.service_files import load_service

_DOCKERFILE = """\
# Build it in this folder, with a wheel of heliograph beside it:
#     pip wheel --no-deps --wheel-dir wheels <clone of heliograph>
#     docker build --platform linux/arm64 --provenance=false --tag $slug .
FROM public.ecr.aws/lambda/python:3.13
COPY wheels/ /wheels/
COPY requirements.txt $${LAMBDA_TASK_ROOT}/
RUN pip install --no-cache-dir --find-links /wheels --requirement "$${LAMBDA_TASK_ROOT}/requirements.txt"
COPY $file handler.py $${LAMBDA_TASK_ROOT}/
# only /tmp is writable in Lambda
ENV HOME=/tmp MPLCONFIGDIR=/tmp/matplotlib MPLBACKEND=Agg XDG_CACHE_HOME=/tmp/cache
CMD ["handler.handle"]
"""

_HANDLER = '''\
"""Entry point of the container functions."""

from heliograph.service import load_service

handle = load_service("$file").lambda_handler
'''

_REQUIREMENTS = """\
heliograph[service]==$version
# Add what your service imports, one package a line.
"""

_TEMPLATE = """\
# Two functions of one image: Front takes requests of portals and queues them, Worker does them and calls back.
#     aws cloudformation deploy --template-file template.yaml --stack-name $slug --capabilities CAPABILITY_IAM \\
#         --parameter-overrides ImageUri=... Portals=https://heliograph.example.org
AWSTemplateFormatVersion: "2010-09-09"
Description: $description
Parameters:
  ImageUri:
    Type: String
    Description: URI of the container image in ECR, with its digest.
  Portals:
    Type: String
    Description: Addresses of the portals that may send analyses, separated by commas.
  ServiceToken:
    Type: String
    NoEcho: true
    Default: ""
    Description: What a portal that signs nothing (SkyPortal) has to send; empty if all sign.
  WorkerMemory:
    Type: Number
    Default: 1769
    MinValue: 256
    MaxValue: 10240
    Description: Memory of an analysis in MB; 1769 is one whole processor.
  WorkerConcurrency:
    Type: Number
    Default: 10
    MinValue: 2
    MaxValue: 1000
    Description: Most analyses at a time.
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      PublicAccessBlockConfiguration:
        BlockPublicAcls: true
        BlockPublicPolicy: true
        IgnorePublicAcls: true
        RestrictPublicBuckets: true
      LifecycleConfiguration:
        Rules:
          - Id: expire
            Status: Enabled
            ExpirationInDays: 60
  # The visibility timeout is six times the timeout of Worker, as AWS advises.
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 5400
      MessageRetentionPeriod: 1209600
      SqsManagedSseEnabled: true
      RedrivePolicy:
        deadLetterTargetArn: !GetAtt DeadQueue.Arn
        maxReceiveCount: 5
  # Worker knows it by the end of its name, and calls back a failure.
  DeadQueue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub $${AWS::StackName}-dead
      VisibilityTimeout: 5400
      MessageRetentionPeriod: 1209600
      SqsManagedSseEnabled: true
  Logs:
    Type: AWS::Logs::LogGroup
    DeletionPolicy: Delete
    UpdateReplacePolicy: Delete
    Properties:
      RetentionInDays: 30
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: lambda.amazonaws.com}
            Action: sts:AssumeRole
      Policies:
        - PolicyName: analyses
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action: [logs:CreateLogStream, logs:PutLogEvents]
                Resource: !GetAtt Logs.Arn
              - Effect: Allow
                Action:
                  - sqs:SendMessage
                  - sqs:ReceiveMessage
                  - sqs:DeleteMessage
                  - sqs:ChangeMessageVisibility
                  - sqs:GetQueueAttributes
                Resource: [!GetAtt Queue.Arn, !GetAtt DeadQueue.Arn]
              - Effect: Allow
                Action: [s3:GetObject, s3:PutObject, s3:DeleteObject]
                Resource: !Sub $${Bucket.Arn}/analyses/*
              # Without it, S3 answers 403 instead of 404 for what is not there.
              - Effect: Allow
                Action: s3:ListBucket
                Resource: !GetAtt Bucket.Arn
  Front:
    Type: AWS::Lambda::Function
    Properties:
      Description: Takes requests of portals and queues them.
      PackageType: Image
      Architectures: [arm64]
      Code: {ImageUri: !Ref ImageUri}
      Role: !GetAtt Role.Arn
      MemorySize: 512
      Timeout: 20
      LoggingConfig: {LogGroup: !Ref Logs, LogFormat: JSON}
      Environment:
        Variables:
          BUCKET: !Ref Bucket
          QUEUE_URL: !Ref Queue
          HELIOGRAPH_PORTALS: !Ref Portals
          HELIOGRAPH_SERVICE_TOKEN: !Ref ServiceToken
  FrontUrl:
    Type: AWS::Lambda::Url
    Properties:
      AuthType: NONE
      TargetFunctionArn: !GetAtt Front.Arn
  FrontPermission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunctionUrl
      FunctionName: !GetAtt Front.Arn
      FunctionUrlAuthType: NONE
      Principal: "*"
  # Whoever may call the address may invoke the function through it, and only so.
  InvocationPermission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !GetAtt Front.Arn
      InvokedViaFunctionUrl: true
      Principal: "*"
  Worker:
    Type: AWS::Lambda::Function
    Properties:
      Description: Runs an analysis and calls back.
      PackageType: Image
      Architectures: [arm64]
      Code: {ImageUri: !Ref ImageUri}
      Role: !GetAtt Role.Arn
      MemorySize: !Ref WorkerMemory
      Timeout: 900
      LoggingConfig: {LogGroup: !Ref Logs, LogFormat: JSON}
      Environment:
        Variables:
          BUCKET: !Ref Bucket
          HELIOGRAPH_PORTALS: !Ref Portals
  Trigger:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Worker
      EventSourceArn: !GetAtt Queue.Arn
      BatchSize: 1
      ScalingConfig:
        MaximumConcurrency: !Ref WorkerConcurrency
  DeadTrigger:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Worker
      EventSourceArn: !GetAtt DeadQueue.Arn
      BatchSize: 1
      ScalingConfig:
        MaximumConcurrency: 2
Outputs:
  Url:
    Description: The address to register.
    Value: !GetAtt FrontUrl.FunctionUrl
"""

_FILES = {
    "Dockerfile": _DOCKERFILE,
    "handler.py": _HANDLER,
    "requirements.txt": _REQUIREMENTS,
    "template.yaml": _TEMPLATE,
}


def write_lambda_files(path: str | Path, folder: str | Path) -> list[Path]:
    """Write what deploys a service as a container Lambda behind a queue.

    Parameters
    ----------
    path : str or Path
        The service's file.
    folder : str or Path
        Where to write; the service's file is copied there, too.

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    ArgumentError
        If a file is there already, or the service's file has a strange name.
    DeclarationError
        If the file has no service.
    """
    source = Path(path)
    if not source.stem.isidentifier() or source.suffix != ".py" or source.name == "handler.py":
        raise ArgumentError(f"{source.name!r} is no name of a Python module; expected one such as my_service.py.")
    service = load_service(str(source))
    target = Path(folder)
    existing = [name for name in _FILES if (target / name).exists()]
    if existing:
        raise ArgumentError(f"{', '.join(existing)} exist in {target.name or target} already; name another folder.")
    target.mkdir(parents=True, exist_ok=True)
    words = {
        "file": source.name,
        "slug": source.stem.lower().replace("_", "-"),
        "version": __version__,
        "description": _quote(f"The analysis service {service.name}, behind a queue."),
    }
    if source.resolve() != (target / source.name).resolve():
        shutil.copyfile(source, target / source.name)
    for name, text in _FILES.items():
        (target / name).write_text(Template(text).substitute(words), encoding="utf-8")
    return [target / name for name in (source.name, *_FILES)]


def _quote(text: str) -> str:
    """Write a YAML string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
